/** What a system is worth on a USEB task. */
export interface UsebEvaluation {
  /** Every number that UKPLab/useb prints, under its key and in its order, as fractions and not rounded. */
  readonly values: ReadonlyMap<string, number>;
  /** Keys of {@link UsebQuery.values}; none for TwitterPara, whose measures are not means over queries. */
  readonly queryMeasures: readonly string[];
  readonly queries: readonly UsebQuery[];
}

/** One query's share of the numbers. */
export interface UsebQuery {
  /** Unique within the task: with its forum or relation before it where the task has several (`cooking/17`). */
  readonly id: string;
  readonly text: string;
  /** Null where the query is outside the mean. */
  readonly values: readonly (number | null)[];
  /** The first ten documents. */
  readonly top: readonly {
    readonly id: string;
    readonly title: string;
    readonly score: number;
    readonly grade: number;
  }[];
}

/** Documents shown a query. */
const shown = 10;

/** The head of a ranking, for {@link UsebQuery.top}. */
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

/** The mean of the numbers that are there. */
export function meanOf(values: readonly (number | null)[]): number {
  const there = values.filter((value) => value !== null);
  return there.reduce((sum, value) => sum + value, 0) / there.length;
}
