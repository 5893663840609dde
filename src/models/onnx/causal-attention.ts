import { onnxDataTypes } from '../../io/onnx-writer.js';
import { attention, type AttentionOptions, type QueryKeyValue } from './attention.js';
import type { GraphBuilder, Value } from './graph.js';
import type { Tokens } from './tokens.js';

export interface CausalAttentionOptions extends Omit<AttentionOptions, 'biases'> {
  /**
   * Number of tokens that a token sees, itself included (GPT-Neo's local attention); null, the default, for no limit.
   */
  readonly window?: number | null;
  /** Added to the scores, the same for all rows; [heads, 1, tokens]. */
  readonly bias?: Value;
  /** Indices of the tokens that are queries; null for all. */
  readonly rows: Value | null;
}

/**
 * Number of bands that the rows are divided into. Each band computes scores only for the columns that it can see. With
 * four bands, a quarter of the scores that the causal mask hides is still computed; more bands would slow short inputs.
 */
const bands = 4;

/**
 * Attention of each token to itself and to earlier tokens, masked by {@link Tokens.causalMask}; or to all tokens, if
 * that is requested for an experiment.
 * @returns [rows, heads · headSize]
 */
export function causalAttention(
  tokens: Tokens,
  inputs: QueryKeyValue,
  { window = null, bias, rows, ...options }: CausalAttentionOptions,
): Value {
  const { graph } = tokens;
  if (!tokens.isCausal(true)) {
    const biases = [bias, tokens.fullMask(rows, window)].filter((value) => value != null);
    return attention(graph, inputs, { ...options, biases });
  }
  const mask = tokens.causalMask(window, rows);
  const attend = (parts: QueryKeyValue, partMask: Value, partBias: Value | undefined): Value =>
    attention(graph, parts, { ...options, biases: partBias === undefined ? [partMask] : [partBias, partMask] });
  if (rows !== null) return attend(inputs, mask, bias);
  const attended = Array.from({ length: bands }, (_, band) => {
    const [start, end] = [bandStart(tokens, band), bandEnd(tokens, band)];
    const firstColumn = firstVisibleColumn(tokens, band, window);
    const bandRows = (x: Value): Value => slice(graph, x, { start, end, axis: 0 });
    const bandColumns = (x: Value, axis: number): Value => slice(graph, x, { start: firstColumn, end, axis });
    return attend(
      { query: bandRows(inputs.query), key: bandColumns(inputs.key, 0), value: bandColumns(inputs.value, 0) },
      tokens.once(`${mask}, band ${band}`, () => bandColumns(bandRows(mask), 1)),
      bias === undefined ? bias : tokens.once(`${bias}, band ${band}`, () => bandColumns(bias, 2)),
    );
  });
  // With fewer tokens than bands, all bands but the last repeat the first token (see bandEnd): drop those rows.
  const count = graph.op('Shape', [tokens.ids]);
  const joined = graph.op('Concat', attended, { axis: 0 });
  const end = graph.integers([Number.MAX_SAFE_INTEGER]);
  return slice(graph, joined, { start: graph.op('Neg', [count]), end, axis: 0 });
}

/** First row of a band, int64 [1]. All bands have the same height, except that the last one also gets the remainder. */
function bandStart(tokens: Tokens, band: number): Value {
  const { graph, ids } = tokens;
  return tokens.once(`band ${band}`, () => {
    const height = graph.op('Div', [graph.op('Shape', [ids]), graph.integers([bands])]);
    return graph.op('Mul', [height, graph.integers([band])]);
  });
}

/**
 * End of a band's rows (exclusive), int64 [1]; at least 1, because ONNX Runtime's fused matrix product crashes the
 * process when it gets no rows. So with fewer tokens than bands, every band contains the first token.
 */
function bandEnd(tokens: Tokens, band: number): Value {
  const { graph, ids } = tokens;
  if (band === bands - 1) return graph.op('Shape', [ids]);
  return graph.op('Max', [bandStart(tokens, band + 1), graph.integers([1])]);
}

/**
 * A column before which a band's rows see nothing, int64 [1]. A token's column is its position, or greater if texts
 * share a prefix. So the lowest position from the band's start onwards, less the window, is a lower bound.
 */
function firstVisibleColumn(tokens: Tokens, band: number, window: number | null): Value {
  const { graph, positions } = tokens;
  if (window === null) return graph.integers([0]);
  return tokens.once(`first of band ${band}, window ${window}`, () => {
    const fromStart = graph.op('Slice', [positions, bandStart(tokens, band), graph.op('Shape', [positions])]);
    const lowest = graph.op('Cast', [graph.op('ReduceMin', [fromStart])], { to: onnxDataTypes.int64 });
    return graph.op('Max', [graph.op('Sub', [lowest, graph.integers([window - 1])]), graph.integers([0])]);
  });
}

function slice(
  graph: GraphBuilder,
  x: Value,
  { start, end, axis }: { readonly start: Value; readonly end: Value; readonly axis: number },
): Value {
  return graph.op('Slice', [x, start, end, graph.integers([axis])]);
}
