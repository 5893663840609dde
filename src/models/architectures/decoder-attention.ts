import { causalAttention } from '../onnx/causal-attention.js';
import type { QueryKeyValue } from '../onnx/attention.js';
import type { Value } from '../onnx/graph.js';
import type { Linear, Modules, Norm } from '../onnx/modules.js';
import { rotate, type Rotary } from '../onnx/rotary.js';
import type { Tokens } from '../onnx/tokens.js';
import type { LayerStep } from './architecture.js';

/** A product with weights, by its name; its sizes follow from where it stands. */
export type Projection = Omit<Linear, 'inputs' | 'outputs'>;

/** Queries, keys and values out of one product each, or all out of one. */
export type Projections =
  | { readonly query: Projection; readonly key: Projection; readonly value: Projection }
  | {
      readonly fused: Projection;
      /**
       * - `blocks`: all queries, then all keys, then all values (GPT-2)
       * - `by-head`: query, key and value of the first head, then those of the second … (GPT-NeoX, BLOOM)
       */
      readonly order: 'blocks' | 'by-head';
    };

/** How the tokens of a decoder's layer look at those before them. */
export interface DecoderAttention {
  /** The hidden size. */
  readonly size: number;
  readonly heads: number;
  /** Grouped-query attention: fewer heads of keys and values, each shared by several queries. Default: `heads`. */
  readonly keyValueHeads?: number;
  readonly headSize: number;
  readonly projections: Projections;
  readonly output: Projection;
  /** Factor on the scores, usually 1/√headSize; null for none. */
  readonly scale: number | null;
  /** Normalises each head's query, or key, before it is rotated; of the size of a head. */
  readonly queryNorm?: Norm;
  readonly keyNorm?: Norm;
  readonly rotary?: Rotary;
  /** How many tokens back a token sees, itself included; null, the default, for all. */
  readonly window?: number | null;
  /** Added to the scores of all rows alike, [heads, 1, tokens] (ALiBi). */
  readonly bias?: (tokens: Tokens) => Value;
}

/** Says in `notes` what becomes of a product that is stored `by-head`. */
export const fusedByHeadNote =
  'queries, keys and values, stored head by head in query_key_value, come out of one product with it, and are split then';

/** Attention of each token to itself and those before it, [rows, size]. @param input [tokens, size] */
export function selfAttention(step: LayerStep, input: Value, attention: DecoderAttention): Value {
  const { modules, tokens, rows } = step;
  const { size, heads, keyValueHeads = heads, headSize, scale, window = null, bias, output } = attention;
  const { query, key, value } = project(step, input, attention);
  const attended = causalAttention(
    tokens,
    {
      query: turn(step, query, { ...attention, norm: attention.queryNorm, heads, rows }),
      key: turn(step, key, { ...attention, norm: attention.keyNorm, heads: keyValueHeads, rows: null }),
      value,
    },
    { heads, keyValueHeads, headSize, scale, window, rows, ...(bias === undefined ? {} : { bias: bias(tokens) }) },
  );
  return modules.linear(attended, { ...output, inputs: heads * headSize, outputs: size });
}

/** Queries of the wanted rows, keys and values of all. */
function project({ modules, rows }: LayerStep, input: Value, attention: DecoderAttention): QueryKeyValue {
  const { size, heads, keyValueHeads = heads, headSize, projections } = attention;
  const ofHeads = (x: Value, count: number, projection: Projection): Value =>
    modules.linear(x, { ...projection, inputs: size, outputs: count * headSize });
  if ('query' in projections)
    return {
      query: ofHeads(modules.rows(input, rows), heads, projections.query),
      key: ofHeads(input, keyValueHeads, projections.key),
      value: ofHeads(input, keyValueHeads, projections.value),
    };
  const fused = ofHeads(input, heads + 2 * keyValueHeads, projections.fused);
  const [query, key, value] = splitFused(modules, fused, attention, projections.order);
  return { query: modules.rows(query!, rows), key: key!, value: value! };
}

function splitFused(
  modules: Modules,
  fused: Value,
  { heads, keyValueHeads = heads, headSize }: DecoderAttention,
  order: 'blocks' | 'by-head',
): Value[] {
  const { graph } = modules;
  if (order === 'blocks')
    return modules.split(
      fused,
      [heads, keyValueHeads, keyValueHeads].map((n) => n * headSize),
    );
  if (keyValueHeads !== heads) throw new Error('queries stored head by head share no keys');
  const byHead = graph.op('Reshape', [fused, graph.integers([-1, heads, 3 * headSize])]);
  return modules.split(byHead, [headSize, headSize, headSize]);
}

interface Turning {
  readonly norm: Norm | undefined;
  readonly rotary?: Rotary;
  readonly heads: number;
  readonly headSize: number;
  /** Which tokens the rows are, null for all. */
  readonly rows: Value | null;
}

/** Queries or keys as they are compared: each head normalised and turned by its position, where the model does that. */
function turn({ modules, tokens }: LayerStep, x: Value, { norm, rotary, heads, headSize, rows }: Turning): Value {
  const { graph } = modules;
  const byHead = (): Value => graph.op('Reshape', [x, graph.integers([-1, heads, headSize])]);
  const normed = norm === undefined ? x : modules.norm(byHead(), norm);
  return rotary === undefined ? normed : rotate(tokens, normed, { ...rotary, heads, headSize, rows });
}
