import { onnxDataTypes } from '../../io/onnx-writer.js';
import { attention, type AttentionOptions, type QueryKeyValue } from './attention.js';
import type { GraphBuilder, Value } from './graph.js';
import type { Tokens } from './tokens.js';

export interface CausalAttentionOptions extends Omit<AttentionOptions, 'biases'> {
  /** How many tokens back a token sees, itself included (GPT-Neo's local attention); null, the default, for all. */
  readonly window?: number | null;
  /** Added to the scores of all rows alike, [heads, 1, tokens]. */
  readonly bias?: Value;
  /** Which tokens the query's rows are, null for all. */
  readonly rows: Value | null;
}

/**
 * The rows are worked out in so many bands, each against the columns that it can see. Of the half of all scores that a
 * causal mask hides, four bands leave a quarter to be worked out in vain; more of them would cost short inputs more.
 */
const bands = 4;

/**
 * Attention of each token to itself and those before it, as {@link Tokens.causalMask} has it.
 * @returns [rows, heads · headSize]
 */
export function causalAttention(
  tokens: Tokens,
  parts: QueryKeyValue,
  { window = null, bias, rows, ...options }: CausalAttentionOptions,
): Value {
  const { graph } = tokens;
  const mask = tokens.causalMask(window, rows);
  const attend = (seen: QueryKeyValue, hidden: Value, added: Value | undefined): Value =>
    attention(graph, seen, { ...options, biases: added === undefined ? [hidden] : [added, hidden] });
  if (rows !== null) return attend(parts, mask, bias);
  const attended = Array.from({ length: bands }, (_, band) => {
    const [start, end] = [startOf(tokens, band), endOf(tokens, band)];
    const first = firstSeen(tokens, band, window);
    const ofRows = (x: Value): Value => slice(graph, x, { start, end, axis: 0 });
    const ofColumns = (x: Value, axis: number): Value => slice(graph, x, { start: first, end, axis });
    return attend(
      { query: ofRows(parts.query), key: ofColumns(parts.key, 0), value: ofColumns(parts.value, 0) },
      tokens.once(`${mask}, band ${band}`, () => ofColumns(ofRows(mask), 1)),
      bias === undefined ? bias : tokens.once(`${bias}, band ${band}`, () => ofColumns(bias, 2)),
    );
  });
  // All rows but what bands without rows of their own put before them.
  const count = graph.op('Shape', [tokens.ids]);
  const joined = graph.op('Concat', attended, { axis: 0 });
  const end = graph.integers([Number.MAX_SAFE_INTEGER]);
  return slice(graph, joined, { start: graph.op('Neg', [count]), end, axis: 0 });
}

/** The row that a band begins with, int64 [1]. Bands are equally high, the last one has what is left over besides. */
function startOf(tokens: Tokens, band: number): Value {
  const { graph, ids } = tokens;
  return tokens.once(`band ${band}`, () => {
    const height = graph.op('Div', [graph.op('Shape', [ids]), graph.integers([bands])]);
    return graph.op('Mul', [height, graph.integers([band])]);
  });
}

/**
 * The row that it ends before. Where there are fewer tokens than bands, the first token is in each of them: ONNX
 * Runtime's fused product ends the process where it is given no rows.
 */
function endOf(tokens: Tokens, band: number): Value {
  const { graph, ids } = tokens;
  if (band === bands - 1) return graph.op('Shape', [ids]);
  return graph.op('Max', [startOf(tokens, band + 1), graph.integers([1])]);
}

/**
 * A column before which a band's rows see nothing, int64 [1]. A token's column is its position, or more where texts share
 * their beginning; so the lowest position from the band's start on tells.
 */
function firstSeen(tokens: Tokens, band: number, window: number | null): Value {
  const { graph, positions } = tokens;
  if (window === null) return graph.integers([0]);
  return tokens.once(`first of band ${band}, window ${window}`, () => {
    const onwards = graph.op('Slice', [positions, startOf(tokens, band), graph.op('Shape', [positions])]);
    const lowest = graph.op('Cast', [graph.op('ReduceMin', [onwards])], { to: onnxDataTypes.int64 });
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
