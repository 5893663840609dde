import type { GraphBuilder, Value } from './graph.js';

/** Which token a row stands for, and what it may see. All are int32 [rows]. */
export interface TokenLayout {
  /** Place of the token in its text, from 0. */
  readonly positions: Value;
  /** 0 for tokens that all may see, else the number of the only part that may see it; null where there is one part. */
  readonly parts: Value | null;
}

/**
 * What is added to the attention scores before the softmax: 0 where a row may look, -∞ where it may not. Worked out
 * from positions, not from columns, so that several texts with a common beginning can lie in one sequence.
 */
export class AttentionMask {
  private readonly known = new Map<string, Value>();

  constructor(
    private readonly graph: GraphBuilder,
    private readonly layout: TokenLayout,
  ) {}

  /**
   * Each token sees itself and those before it.
   * @param window how many tokens back it sees, itself included (GPT-Neo's local attention); null for all
   * @param rows the rows of the mask that are wanted, null for all
   * @returns [rows, tokens]
   */
  causal(window: number | null, rows: Value | null): Value {
    return this.memo(`${window ?? 'all'} ${rows ?? 'all'}`, () => {
      if (rows !== null) return this.graph.op('Gather', [this.causal(window, null), rows], { axis: 0 });
      const allowed = this.conditions(window).reduce((all, one) => this.graph.op('And', [all, one]));
      return this.graph.op('Where', [allowed, this.graph.scalar(0), this.graph.scalar(-Infinity)]);
    });
  }

  private conditions(window: number | null): Value[] {
    const { graph, layout } = this;
    const distance = this.memo('distance', () => graph.op('Sub', [this.column(layout.positions), layout.positions]));
    const conditions = [graph.op('GreaterOrEqual', [distance, graph.integer(0)])];
    if (window !== null) conditions.push(graph.op('Less', [distance, graph.integer(window)]));
    if (layout.parts !== null) conditions.push(this.samePart(layout.parts));
    return conditions;
  }

  private samePart(parts: Value): Value {
    const { graph } = this;
    return this.memo('part', () => {
      const common = graph.op('Equal', [parts, graph.integer(0)]);
      return graph.op('Or', [common, graph.op('Equal', [this.column(parts), parts])]);
    });
  }

  private column(vector: Value): Value {
    return this.graph.op('Unsqueeze', [vector, this.graph.integers([1])]);
  }

  private memo(key: string, build: () => Value): Value {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const value = build();
    this.known.set(key, value);
    return value;
  }
}

export interface AttentionOptions {
  readonly heads: number;
  readonly headSize: number;
  /** Factor on the scores, usually 1/√headSize; null for none (GPT-Neo). */
  readonly scale: number | null;
  /** Added to the scores: [rows, tokens], or [heads, rows, tokens]. */
  readonly bias: Value;
}

/**
 * softmax(q kᵀ · scale + bias) v, head by head.
 * @param query [rows, heads · headSize]; `key` and `value` are [tokens, heads · headSize]
 * @returns [rows, heads · headSize]
 */
export function attention(
  graph: GraphBuilder,
  query: Value,
  key: Value,
  value: Value,
  { heads, headSize, scale, bias }: AttentionOptions,
): Value {
  const split = (x: Value, perm: readonly number[]): Value =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.integers([-1, heads, headSize])])], { perm });
  let scores = graph.op('MatMul', [split(query, [1, 0, 2]), split(key, [1, 2, 0])]);
  if (scale !== null) scores = graph.op('Mul', [scores, graph.scalar(scale)]);
  const weights = graph.op('Softmax', [graph.op('Add', [scores, bias])], { axis: -1 });
  const context = graph.op('MatMul', [weights, split(value, [1, 0, 2])]);
  const joined = graph.op('Transpose', [context], { perm: [1, 0, 2] });
  return graph.op('Reshape', [joined, graph.integers([-1, heads * headSize])]);
}
