/** A system's scores on a USEB task. */
export interface UsebEvaluation {
  /** All numbers that UKPLab/useb prints, by its keys and in its order, as fractions, not rounded. */
  readonly values: ReadonlyMap<string, number>;
  /** Keys of {@link UsebQuery.values}; none for TwitterPara, whose measures are not means over queries. */
  readonly queryMeasures: readonly string[];
  readonly queries: readonly UsebQuery[];
}

/** The values of one query. */
export interface UsebQuery {
  /** Unique within the task; begins with the forum or relation if the task has several (`cooking/17`). */
  readonly id: string;
  readonly text: string;
  /** Null for a measure whose mean leaves this query out. */
  readonly values: readonly (number | null)[];
  /** The first ten documents. */
  readonly top: readonly {
    readonly id: string;
    readonly title: string;
    readonly score: number;
    readonly grade: number;
  }[];
}

/** Documents shown per query. */
const shown = 10;

/** The first documents of a ranking, for {@link UsebQuery.top}. */
export function topOf(
  ids: readonly string[],
  scores: ArrayLike<number>,
  titleOf: (id: string) => string,
  gradeOf: (id: string) => number,
): UsebQuery['top'] {
  return ids
    .slice(0, shown)
    .map((id, i) => ({ id, title: titleOf(id).slice(0, 80), score: scores[i]!, grade: gradeOf(id) }));
}

/** The mean of the numbers that are not null. */
export function meanOf(values: readonly (number | null)[]): number {
  const numbers = values.filter((value) => value !== null);
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
