import { causalAttention } from '../onnx/causal-attention.js';
import type { QueryKeyValue } from '../onnx/attention.js';
import type { Value } from '../onnx/graph.js';
import type { Linear, Modules, Norm } from '../onnx/modules.js';
import { rotate, type Rotary } from '../onnx/rotary.js';
import type { Tokens } from '../onnx/tokens.js';
import type { LayerStep } from './architecture.js';

/** A linear layer without its sizes, which follow from its role in the layer. */
export type Projection = Omit<Linear, 'inputs' | 'outputs'>;

/** The projections of queries, keys and values: one each, or one fused projection for all. */
export type Projections =
  | { readonly query: Projection; readonly key: Projection; readonly value: Projection }
  | {
      readonly fused: Projection;
      /**
       * Order of the fused outputs:
       * - `blocks`: all queries, then all keys, then all values (GPT-2)
       * - `by-head`: query, key and value of the first head, then those of the second … (GPT-NeoX, BLOOM)
       */
      readonly order: 'blocks' | 'by-head';
    };

/** Description of the attention in a decoder layer. */
export interface DecoderAttention {
  /** The hidden size. */
  readonly size: number;
  readonly heads: number;
  /** Number of heads of keys and values; with grouped-query attention fewer than `heads`, the default. */
  readonly keyValueHeads?: number;
  readonly headSize: number;
  readonly projections: Projections;
  readonly output: Projection;
  /** Factor on the scores, usually 1/√headSize; null for none. */
  readonly scale: number | null;
  /** Norms of each head's query and key, applied before rotation; their size is the head size. */
  readonly queryNorm?: Norm;
  readonly keyNorm?: Norm;
  readonly rotary?: Rotary;
  /** Number of tokens that a token sees, itself included; null, the default, for no limit. */
  readonly window?: number | null;
  /** Returns a term added to the scores, the same for all rows, [heads, 1, tokens] (ALiBi). */
  readonly bias?: (tokens: Tokens) => Value;
}

/** Entry of `Architecture.notes` for projections fused `by-head`. */
export const fusedByHeadNote =
  'queries, keys and values, stored head by head in query_key_value, are computed in one product and split afterwards';

/** Attention of each token to itself and to earlier tokens, [rows, size]. @param input [tokens, size] */
export function selfAttention(step: LayerStep, input: Value, attention: DecoderAttention): Value {
  const { modules, tokens, rows } = step;
  const { size, heads, keyValueHeads = heads, headSize, scale, window = null, bias, output } = attention;
  const { query, key, value } = project(step, input, attention);
  const attended = causalAttention(
    tokens,
    {
      query: normaliseAndRotate(step, query, { ...attention, norm: attention.queryNorm, heads, rows }),
      key: normaliseAndRotate(step, key, { ...attention, norm: attention.keyNorm, heads: keyValueHeads, rows: null }),
      value,
    },
    { heads, keyValueHeads, headSize, scale, window, rows, ...(bias === undefined ? {} : { bias: bias(tokens) }) },
  );
  return modules.linear(attended, { ...output, inputs: heads * headSize, outputs: size });
}

/** Projects the queries of `step.rows`, and the keys and values of all rows. */
function project({ modules, rows }: LayerStep, input: Value, attention: DecoderAttention): QueryKeyValue {
  const { size, heads, keyValueHeads = heads, headSize, projections } = attention;
  const projectHeads = (x: Value, count: number, projection: Projection): Value =>
    modules.linear(x, { ...projection, inputs: size, outputs: count * headSize });
  if ('query' in projections)
    return {
      query: projectHeads(modules.rows(input, rows), heads, projections.query),
      key: projectHeads(input, keyValueHeads, projections.key),
      value: projectHeads(input, keyValueHeads, projections.value),
    };
  const fused = projectHeads(input, heads + 2 * keyValueHeads, projections.fused);
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
  if (keyValueHeads !== heads) throw new Error('projections fused by-head need as many key heads as query heads');
  const byHead = graph.op('Reshape', [fused, graph.integers([-1, heads, 3 * headSize])]);
  return modules.split(byHead, [headSize, headSize, headSize]);
}

interface HeadTransform {
  readonly norm: Norm | undefined;
  readonly rotary?: Rotary;
  readonly heads: number;
  readonly headSize: number;
  /** Indices of the tokens that the rows belong to; null for all. */
  readonly rows: Value | null;
}

/** Applies the norm and the rotation to queries or keys, for models that have them. */
function normaliseAndRotate(
  { modules, tokens }: LayerStep,
  x: Value,
  { norm, rotary, heads, headSize, rows }: HeadTransform,
): Value {
  const { graph } = modules;
  const byHead = (): Value => graph.op('Reshape', [x, graph.integers([-1, heads, headSize])]);
  const normed = norm === undefined ? x : modules.norm(byHead(), norm);
  return rotary === undefined ? normed : rotate(tokens, normed, { ...rotary, heads, headSize, rows });
}
