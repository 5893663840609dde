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

  /** Hidden state of each text's first token, [texts, size]. */
  first(hidden: Value): Value {
    const { graph } = this;
    const { positions, several } = this.layout;
    if (several === null) return graph.op('Gather', [hidden, graph.integers([0])], { axis: 0 });
    const { lasts } = several;
    const firsts = this.once('first tokens', () =>
      graph.op('Sub', [lasts, graph.op('Gather', [positions, lasts], { axis: 0 })]),
    );
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
  max(hidden: Value): Value {
    const { graph } = this;
    const { several } = this.layout;
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

  /** Number of tokens S of each text; float32 [texts, 1]. */
  lengths(): Value {
    const { graph } = this;
    return this.once('lengths', () => {
      const last = graph.op('Gather', [this.positionsFromOne(), this.lastTokens()], { axis: 0 });
      return graph.op('Unsqueeze', [last, graph.integers([1])]);
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
   * Spreads one value per token [tokens] over one row per text, [texts, tokens], with 0 for the tokens of other texts.
   */
  rowPerText(values: Value): Value {
    const { graph } = this;
    const { several } = this.layout;
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
