import { attention as attend, type QueryKeyValue } from '../onnx/attention.js';
import { causalAttention } from '../onnx/causal-attention.js';
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

/** Which tokens a token sees: itself and earlier ones, or all of its text. */
export type AttentionKind = 'causal' | 'bidirectional';

/** Description of the attention in a layer of a decoder, or of an encoder that is built like one. */
export interface DecoderAttention {
  /** Default: causal. */
  readonly kind?: AttentionKind;
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
  /** c of c · tanh(scores / c) (Gemma 2); null, the default, for none. */
  readonly softCap?: number | null;
  /** Norms of each head's query and key, applied before rotation; their size is the head size. */
  readonly queryNorm?: Norm;
  readonly keyNorm?: Norm;
  readonly rotary?: Rotary;
  /**
   * Number of tokens that a token sees, itself included; for bidirectional attention, to each side. null, the default,
   * for no limit.
   */
  readonly window?: number | null;
  /** Returns a term added to causal scores, the same for all rows, [heads, 1, tokens] (ALiBi). */
  readonly bias?: (tokens: Tokens) => Value;
  /** Returns a term added to bidirectional scores, [heads, tokens, tokens] (T5). */
  readonly relativeBias?: (modules: Modules, tokens: Tokens) => Value;
}

/** Entry of `Architecture.notes` for projections fused `by-head`. */
export const fusedByHeadNote =
  'queries, keys and values, stored head by head in query_key_value, are computed in one product and split afterwards';

/** Attention of the tokens of a text to each other, [rows, size]. @param input [tokens, size] */
export function selfAttention(step: LayerStep, input: Value, attention: DecoderAttention): Value {
  const { modules, rows } = step;
  const { size, heads, keyValueHeads = heads, headSize, output } = attention;
  const { query, key, value } = project(step, input, attention);
  const inputs = {
    query: normaliseAndRotate(step, query, { ...attention, norm: attention.queryNorm, heads, rows }),
    key: normaliseAndRotate(step, key, { ...attention, norm: attention.keyNorm, heads: keyValueHeads, rows: null }),
    value,
  };
  const attended =
    attention.kind === 'bidirectional'
      ? bidirectionalAttention(step, inputs, attention)
      : causalAttention(step.tokens, inputs, {
          ...{ heads, keyValueHeads, headSize, scale: attention.scale, softCap: attention.softCap ?? null },
          ...{ window: attention.window ?? null, rows },
          ...(attention.bias === undefined ? {} : { bias: attention.bias(step.tokens) }),
        });
  return modules.linear(attended, { ...output, inputs: heads * headSize, outputs: size });
}

function bidirectionalAttention(
  { modules, tokens, rows }: LayerStep,
  inputs: QueryKeyValue,
  { heads, keyValueHeads = heads, headSize, scale, softCap = null, window = null, relativeBias }: DecoderAttention,
): Value {
  const { graph } = modules;
  const biases: Value[] = [];
  if (relativeBias !== undefined) {
    const bias = relativeBias(modules, tokens);
    biases.push(rows === null ? bias : graph.op('Gather', [bias, rows], { axis: 1 }));
  }
  const mask = tokens.isCausal(false) ? tokens.causalMask(window, rows) : tokens.fullMask(rows, window);
  if (mask !== null) biases.push(mask);
  return attend(graph, inputs, { heads, keyValueHeads, headSize, scale, softCap, biases });
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
