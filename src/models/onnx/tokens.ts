import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { GraphBuilder, Value } from './graph.js';

/** What says which token each row of a graph is; int32 [tokens] each. */
export interface TokenInputs {
  readonly ids: Value;
  /** Place of each token in its text, from 0. */
  readonly positions: Value;
  /** 0 for tokens that all may see, else the number of the only part that may see it; null where there is one part. */
  readonly parts?: Value | null;
  /**
   * Number of the text that each token belongs to: texts lie one after another and see nothing of each other; null where
   * there is one text.
   */
  readonly texts?: Value | null;
}

/** What a graph's rows stand for, and what layers share of it: masks and the like are worked out once a run. */
export class Tokens {
  private readonly known = new Map<string, Value>();

  readonly ids: Value;
  readonly positions: Value;
  private readonly parts: Value | null;
  private readonly texts: Value | null;

  constructor(
    readonly graph: GraphBuilder,
    { ids, positions, parts = null, texts = null }: TokenInputs,
  ) {
    this.ids = ids;
    this.positions = positions;
    this.parts = parts;
    this.texts = texts;
  }

  /**
   * What is added to attention scores, [rows, tokens]: 0 where a row may look, -∞ where it may not. Each token sees
   * itself and those before it. Worked out from positions, not from columns, so that several texts with a common
   * beginning can lie in one sequence.
   * @param window how many tokens back it sees, itself included (GPT-Neo's local attention); null for all
   * @param rows the rows of the mask that are wanted, null for all
   */
  causalMask(window: number | null, rows: Value | null): Value {
    const { graph } = this;
    return this.rowsOf(`mask ${window ?? 'all'}`, rows, () => {
      const conditions = [graph.op('GreaterOrEqual', [this.distances(), graph.integer(0)])];
      if (window !== null) conditions.push(graph.op('Less', [this.distances(), graph.integer(window)]));
      return this.maskWhere([...conditions, ...this.sameTextAndPart()]);
    });
  }

  /** As {@link causalMask}, but each token sees those after it too; null where nothing is to be hidden. */
  fullMask(rows: Value | null): Value | null {
    if (this.parts === null && this.texts === null) return null;
    return this.rowsOf('mask full', rows, () => this.maskWhere(this.sameTextAndPart()));
  }

  /** The row's position less the column's, int32 [tokens, tokens]. */
  distances(): Value {
    return this.once('distances', () => this.graph.op('Sub', [this.column(this.positions), this.positions]));
  }

  /** For each token, the sum of these numbers over its text up to it; `values` and result int32 [tokens]. */
  runningSum(values: Value): Value {
    const { graph, texts } = this;
    const sums = graph.op('CumSum', [values, graph.integer(0)]);
    if (texts === null) return sums;
    const firstTokens = graph.op('Sub', [countUp(graph, this.ids), this.positions]);
    const before = graph.op('Gather', [graph.op('Sub', [sums, values]), firstTokens], { axis: 0 });
    return graph.op('Sub', [sums, before]);
  }

  /** What `build` yields, built at the first call with this key. */
  once(key: string, build: () => Value): Value {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const value = build();
    this.known.set(key, value);
    return value;
  }

  /** As {@link once}, of which only some rows are wanted. */
  rowsOf(key: string, rows: Value | null, build: () => Value): Value {
    const all = this.once(key, build);
    return rows === null
      ? all
      : this.once(`${key} of ${rows}`, () => this.graph.op('Gather', [all, rows], { axis: 0 }));
  }

  /** 0 where all conditions hold, else -∞. */
  private maskWhere(conditions: readonly Value[]): Value {
    const { graph } = this;
    const allowed = conditions.reduce((all, one) => graph.op('And', [all, one]));
    return graph.op('Where', [allowed, graph.scalar(0), graph.scalar(-Infinity)]);
  }

  private sameTextAndPart(): Value[] {
    const { graph, parts, texts } = this;
    const conditions: Value[] = [];
    if (parts !== null)
      conditions.push(
        this.once('same part', () => {
          const common = graph.op('Equal', [parts, graph.integer(0)]);
          return graph.op('Or', [common, graph.op('Equal', [this.column(parts), parts])]);
        }),
      );
    if (texts !== null) conditions.push(this.once('same text', () => graph.op('Equal', [this.column(texts), texts])));
    return conditions;
  }

  private column(vector: Value): Value {
    return this.graph.op('Unsqueeze', [vector, this.graph.integers([1])]);
  }
}

/** 0, 1, 2 … one number an element of `like`, int32. */
export function countUp(graph: GraphBuilder, like: Value): Value {
  const length = graph.op('Squeeze', [graph.op('Shape', [like])]);
  const end = graph.op('Cast', [length], { to: onnxDataTypes.int32 });
  return graph.op('Range', [graph.integer(0), end, graph.integer(1)]);
}
