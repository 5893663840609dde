import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { Attention } from '../../core/system-fields.js';
import type { GraphBuilder, Value } from './graph.js';

/** Graph inputs that describe the token of each row; each int32 [tokens]. */
export interface TokenInputs {
  readonly ids: Value;
  /** Position of each token in its text, from 0. */
  readonly positions: Value;
  /** Part of each token: part 0 is visible to all tokens, any other part only to itself. null if there is one part. */
  readonly parts?: Value | null;
  /** Index of the text that each token belongs to; texts do not see each other. null if there is one text. */
  readonly texts?: Value | null;
  /** Attention for an experiment, instead of the model's own; null for the model's own. */
  readonly attention?: Attention | null;
}

/**
 * The tokens of a run, and values derived from them that all layers share: masks, for example, are computed once per
 * run.
 */
export class Tokens {
  private readonly cache = new Map<string, Value>();
  private readonly numbers = new Map<object, number>();

  readonly ids: Value;
  readonly positions: Value;
  private readonly parts: Value | null;
  private readonly texts: Value | null;
  private readonly attention: Attention | null;

  constructor(
    readonly graph: GraphBuilder,
    { ids, positions, parts = null, texts = null, attention = null }: TokenInputs,
  ) {
    this.ids = ids;
    this.positions = positions;
    this.parts = parts;
    this.texts = texts;
    this.attention = attention;
  }

  /**
   * True if a token sees only itself and earlier tokens. Every layer asks here, so that `--attention` has one place.
   * @param own what the model does by itself
   */
  isCausal(own: boolean): boolean {
    return this.attention === null ? own : this.attention === 'causal';
  }

  /**
   * Mask to add to attention scores, [rows, tokens]: 0 where a row sees a token, -∞ elsewhere. Each token sees itself
   * and earlier ones. It is computed from positions, not from columns, so that several texts with a common prefix can
   * lie in one sequence.
   * @param window number of tokens that a token sees, itself included (GPT-Neo's local attention); null for no limit
   * @param rows indices of the mask's rows to return; null for all
   */
  causalMask(window: number | null, rows: Value | null): Value {
    const { graph } = this;
    return this.rowsOf(`mask ${window ?? 'all'}`, rows, () => {
      const conditions = [graph.op('GreaterOrEqual', [this.distances(), graph.integer(0)])];
      if (window !== null) conditions.push(graph.op('Less', [this.distances(), graph.integer(window)]));
      return this.maskWhere([...conditions, ...this.sameTextAndPart()]);
    });
  }

  /**
   * Like {@link causalMask}, but each token sees later ones, too; a window reaches as far to the right as to the left.
   * Returns null if every token sees all others.
   */
  fullMask(rows: Value | null, window: number | null = null): Value | null {
    if (this.parts === null && this.texts === null && window === null) return null;
    return this.rowsOf(`mask full ${window ?? 'all'}`, rows, () => {
      const { graph } = this;
      const near = (): Value => graph.op('Less', [graph.op('Abs', [this.distances()]), graph.integer(window!)]);
      return this.maskWhere([...(window === null ? [] : [near()]), ...this.sameTextAndPart()]);
    });
  }

  /**
   * Number of tokens of the text that each token belongs to; int32 [tokens, 1, 1], or [1, 1, 1] for a single text.
   * Texts in parts have no lengths: they share tokens.
   */
  lengths(): Value {
    const { graph, positions, texts } = this;
    if (this.parts !== null) throw new Error('texts that share tokens have no lengths');
    return this.once('lengths', () => {
      const own =
        texts === null
          ? graph.op('ReduceMax', [positions], { keepdims: 1 })
          : graph.op('ReduceMax', [
              graph.op('Where', [this.sameText(texts), positions, graph.integer(0)]),
              graph.integers([1]),
            ]);
      return graph.op('Reshape', [graph.op('Add', [own, graph.integer(1)]), graph.integers([-1, 1, 1])]);
    });
  }

  /** True if texts lie in parts, as in the packs of a pair scorer. */
  get hasParts(): boolean {
    return this.parts !== null;
  }

  /** A number that stands for an object in keys of {@link once}: 0 for the first object, and so on. */
  numberOf(object: object): number {
    const number = this.numbers.get(object) ?? this.numbers.size;
    this.numbers.set(object, number);
    return number;
  }

  /** The row's position minus the column's, int32 [tokens, tokens]. */
  distances(): Value {
    return this.once('distances', () => this.graph.op('Sub', [this.column(this.positions), this.positions]));
  }

  /** Running sum within each text; `values` and the result are int32 [tokens]. */
  runningSum(values: Value): Value {
    const { graph, texts } = this;
    const sums = graph.op('CumSum', [values, graph.integer(0)]);
    if (texts === null) return sums;
    const firstTokens = graph.op('Sub', [countUp(graph, this.ids), this.positions]);
    const before = graph.op('Gather', [graph.op('Sub', [sums, values]), firstTokens], { axis: 0 });
    return graph.op('Sub', [sums, before]);
  }

  /** Calls `build` at the first call with this key, and returns the same value afterwards. */
  once(key: string, build: () => Value): Value {
    const cached = this.cache.get(key);
    if (cached !== undefined) return cached;
    const value = build();
    this.cache.set(key, value);
    return value;
  }

  /** Like {@link once}, but returns only some rows of the value. @param rows their indices; null for all */
  rowsOf(key: string, rows: Value | null, build: () => Value): Value {
    const all = this.once(key, build);
    return rows === null
      ? all
      : this.once(`${key} of ${rows}`, () => this.graph.op('Gather', [all, rows], { axis: 0 }));
  }

  /** 0 where all conditions hold, otherwise -∞. */
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
    if (texts !== null) conditions.push(this.sameText(texts));
    return conditions;
  }

  private sameText(texts: Value): Value {
    return this.once('same text', () => this.graph.op('Equal', [this.column(texts), texts]));
  }

  private column(vector: Value): Value {
    return this.graph.op('Unsqueeze', [vector, this.graph.integers([1])]);
  }
}

/** The numbers 0, 1, 2 …, one per element of `like`, int32. */
export function countUp(graph: GraphBuilder, like: Value): Value {
  const length = graph.op('Squeeze', [graph.op('Shape', [like])]);
  const end = graph.op('Cast', [length], { to: onnxDataTypes.int32 });
  return graph.op('Range', [graph.integer(0), end, graph.integer(1)]);
}
