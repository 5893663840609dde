import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { GraphBuilder, Value } from '../onnx/graph.js';
import { countUp } from '../onnx/tokens.js';

/** Layout of the hidden states' rows: one row per token, the tokens of each text in one block. */
export interface TextLayout {
  /** Position of each token in its text, from 0; int32 [tokens]. */
  readonly positions: Value;
  /** Inputs that tell several texts apart; null for a single text. */
  readonly several: {
    /** Index of the text that each token belongs to, from 0; int32 [tokens]. */
    readonly texts: Value;
    /** Row of each text's last token; int32 [texts]. */
    readonly lasts: Value;
  } | null;
  /**
   * Position in each text of the first token that is pooled, where the tokens of a prompt are left out; int32 [texts].
   * Default: null, all tokens are pooled.
   */
  readonly starts?: Value | null;
}

/**
 * Graph nodes that poolings are composed of. Each method takes hidden states [tokens, size] and returns one row per
 * text, so a pooling works for one text and for several. A single text gets cheaper nodes: a reduction over all rows
 * instead of a product with a matrix that selects each text's rows.
 */
export class TextRows {
  private readonly cache = new Map<string, Value>();

  constructor(
    readonly graph: GraphBuilder,
    private readonly layout: TextLayout,
  ) {}

  /** Number of result rows, as a dimension of a graph output: 1, or the named dimension `texts`. */
  get rows(): number | string {
    return this.layout.several === null ? 1 : 'texts';
  }

  /** Hidden state of each text's first pooled token, [texts, size]. */
  first(hidden: Value): Value {
    const { graph } = this;
    const { positions, several, starts = null } = this.layout;
    if (several === null) return graph.op('Gather', [hidden, starts ?? graph.integers([0])], { axis: 0 });
    const { lasts } = several;
    const firsts = this.once('first tokens', () => {
      const begins = graph.op('Sub', [lasts, graph.op('Gather', [positions, lasts], { axis: 0 })]);
      return starts === null ? begins : graph.op('Add', [begins, starts]);
    });
    return graph.op('Gather', [hidden, firsts], { axis: 0 });
  }

  /** Hidden state of each text's last token, [texts, size]. */
  last(hidden: Value): Value {
    return this.graph.op('Gather', [hidden, this.lastTokens()], { axis: 0 });
  }

  /** Σ hᵢ / S, [texts, size]. */
  mean(hidden: Value): Value {
    const { graph } = this;
    const { several } = this.layout;
    const pooled = this.pooledTokens();
    if (pooled !== null) return this.weightedMean(pooled, hidden);
    if (several === null) return graph.op('ReduceMean', [hidden, graph.integers([0])], { keepdims: 1 });
    const shares = this.once('shares', () => graph.op('Div', [this.membership(several), this.lengths()]));
    return graph.op('MatMul', [shares, hidden]);
  }

  /** Σ wᵢ hᵢ / Σ wᵢ, [texts, size]. @param weights float32 [tokens] */
  weightedMean(weights: Value, hidden: Value): Value {
    const { graph } = this;
    const shares = this.once(`shares by ${weights}`, () => {
      const rows = this.rowPerText(weights);
      return graph.op('Div', [rows, graph.op('ReduceSum', [rows, graph.integers([1])], { keepdims: 1 })]);
    });
    return graph.op('MatMul', [shares, hidden]);
  }

  /** Maximum of each dimension over the text's tokens, [texts, size]. */
  max(all: Value): Value {
    const { graph } = this;
    const { several } = this.layout;
    const hidden = this.withoutPrompt(all);
    if (several === null) return graph.op('ReduceMax', [hidden, graph.integers([0])], { keepdims: 1 });
    const { texts, lasts } = several;
    const shape = graph.op('Concat', [graph.op('Shape', [lasts]), graph.op('Shape', [hidden], { start: 1, end: 2 })], {
      axis: 0,
    });
    const lowest = graph.op('Expand', [graph.scalar(-Infinity), shape]);
    const rows = this.once('rows of texts', () => {
      const numbers = graph.op('Cast', [texts], { to: onnxDataTypes.int64 });
      return graph.op('Unsqueeze', [numbers, graph.integers([1])]);
    });
    return graph.op('ScatterND', [lowest, rows, hidden], { reduction: 'max' });
  }

  /** Number of pooled tokens S of each text; float32 [texts, 1]. */
  lengths(): Value {
    const { graph } = this;
    return this.once('lengths', () => {
      const last = graph.op('Gather', [this.positionsFromOne(), this.lastTokens()], { axis: 0 });
      const { starts = null } = this.layout;
      const skipped = starts === null ? null : graph.op('Cast', [starts], { to: onnxDataTypes.float32 });
      const counts = skipped === null ? last : graph.op('Sub', [last, skipped]);
      return graph.op('Unsqueeze', [counts, graph.integers([1])]);
    });
  }

  /** Position of each token in its text, from 1 to S; float32 [tokens]. */
  positionsFromOne(): Value {
    const { graph } = this;
    return this.once('positions from one', () =>
      graph.op('Cast', [graph.op('Add', [this.layout.positions, graph.integer(1)])], { to: onnxDataTypes.float32 }),
    );
  }

  /** Looks up each token's position in a table: [positions] to [tokens]. */
  byPosition(table: Value): Value {
    return this.graph.op('Gather', [table, this.layout.positions], { axis: 0 });
  }

  /**
   * Spreads one value per token [tokens] over one row per text, [texts, tokens], with 0 for the tokens of other texts and
   * for those that are not pooled.
   */
  rowPerText(all: Value): Value {
    const { graph } = this;
    const { several } = this.layout;
    const pooled = this.pooledTokens();
    const values = pooled === null ? all : graph.op('Mul', [all, pooled]);
    if (several === null) return graph.op('Unsqueeze', [values, graph.integers([0])]);
    return graph.op('Mul', [this.membership(several), values]);
  }

  /** Calls `build` at the first call with this key, and returns the same value afterwards. */
  once(key: string, build: () => Value): Value {
    const cached = this.cache.get(key);
    if (cached !== undefined) return cached;
    const value = build();
    this.cache.set(key, value);
    return value;
  }

  /** 1 for each token that is pooled, otherwise 0, float32 [tokens]; null if all tokens are. */
  private pooledTokens(): Value | null {
    const { graph } = this;
    const { positions, several, starts = null } = this.layout;
    if (starts === null) return null;
    return this.once('pooled tokens', () => {
      const byToken = several === null ? starts : graph.op('Gather', [starts, several.texts], { axis: 0 });
      return graph.op('Cast', [graph.op('GreaterOrEqual', [positions, byToken])], { to: onnxDataTypes.float32 });
    });
  }

  /** Hidden states with -∞ for the tokens that are not pooled, [tokens, size]. */
  private withoutPrompt(hidden: Value): Value {
    const { graph } = this;
    const pooled = this.pooledTokens();
    if (pooled === null) return hidden;
    const rows = graph.op('Cast', [graph.op('Unsqueeze', [pooled, graph.integers([1])])], { to: onnxDataTypes.bool });
    return graph.op('Where', [rows, hidden, graph.scalar(-Infinity)]);
  }

  private lastTokens(): Value {
    return this.layout.several?.lasts ?? this.graph.integers([-1]);
  }

  /** 1 where a token belongs to a text, otherwise 0; float32 [texts, tokens]. */
  private membership({ texts, lasts }: NonNullable<TextLayout['several']>): Value {
    const { graph } = this;
    return this.once('membership', () => {
      const numbers = graph.op('Unsqueeze', [countUp(graph, lasts), graph.integers([1])]);
      return graph.op('Cast', [graph.op('Equal', [numbers, texts])], { to: onnxDataTypes.float32 });
    });
  }
}
