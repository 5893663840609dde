import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { GraphBuilder, Value } from '../onnx/graph.js';
import { countUp } from '../onnx/tokens.js';

/** Where each text lies in the rows of hidden states, one row per token, text after text. */
export interface TextLayout {
  /** Place of each token in its text, from 0; int32 [tokens]. */
  readonly positions: Value;
  /** For several texts, else null. */
  readonly several: {
    /** Number of the text that each token belongs to, from 0; int32 [tokens]. */
    readonly texts: Value;
    /** The last token of each text; int32 [texts]. */
    readonly lasts: Value;
  } | null;
}

/**
 * The nodes that poolings are put together from. Each method takes hidden states [tokens, size] and yields one row per
 * text, so that a pooling need not know whether a run has one text or several. One text has shorter nodes of its own:
 * a reduction of all rows instead of a product with a matrix that selects them.
 */
export class TextRows {
  private readonly known = new Map<string, Value>();

  constructor(
    readonly graph: GraphBuilder,
    private readonly layout: TextLayout,
  ) {}

  /** How many rows it yields, as a graph's dimension: 1, or any number. */
  get rows(): number | string {
    return this.layout.several === null ? 1 : 'texts';
  }

  /** Hidden states of each text's first token, [texts, size]. */
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

  /** Hidden states of each text's last token, [texts, size]. */
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
      const rows = this.byText(weights);
      return graph.op('Div', [rows, graph.op('ReduceSum', [rows, graph.integers([1])], { keepdims: 1 })]);
    });
    return graph.op('MatMul', [shares, hidden]);
  }

  /** The largest value of each dimension, [texts, size]. */
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

  /** How many tokens each text has, S; float32 [texts, 1]. */
  lengths(): Value {
    const { graph } = this;
    return this.once('lengths', () => {
      const last = graph.op('Gather', [this.places(), this.lastTokens()], { axis: 0 });
      return graph.op('Unsqueeze', [last, graph.integers([1])]);
    });
  }

  /** 1 … S in each text, float32 [tokens]. */
  places(): Value {
    const { graph } = this;
    return this.once('places', () =>
      graph.op('Cast', [graph.op('Add', [this.layout.positions, graph.integer(1)])], { to: onnxDataTypes.float32 }),
    );
  }

  /** The values of a table by position [positions] for each token, [tokens]. */
  byPosition(table: Value): Value {
    return this.graph.op('Gather', [table, this.layout.positions], { axis: 0 });
  }

  /** Numbers per token [tokens] as a row per text, [texts, tokens]: 0 at the tokens of other texts. */
  byText(values: Value): Value {
    const { graph } = this;
    const { several } = this.layout;
    if (several === null) return graph.op('Unsqueeze', [values, graph.integers([0])]);
    return graph.op('Mul', [this.membership(several), values]);
  }

  /** The nodes that `build` adds, added at the first call with this key. */
  once(key: string, build: () => Value): Value {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const value = build();
    this.known.set(key, value);
    return value;
  }

  private lastTokens(): Value {
    return this.layout.several?.lasts ?? this.graph.integers([-1]);
  }

  /** 1 where a token belongs to a text, else 0; float32 [texts, tokens]. */
  private membership({ texts, lasts }: NonNullable<TextLayout['several']>): Value {
    const { graph } = this;
    return this.once('membership', () => {
      const numbers = graph.op('Unsqueeze', [countUp(graph, lasts), graph.integers([1])]);
      return graph.op('Cast', [graph.op('Equal', [numbers, texts])], { to: onnxDataTypes.float32 });
    });
  }
}
