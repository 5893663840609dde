import type { Ranking } from '../core/run.js';

/** The grade of a document that the query's judgements do not have. Judged grades are larger. */
export const unjudged = -0x80000000;

/**
 * A query's ranking seen through its judgements: prepared once per query, so that any number of measures is cheap.
 * As in trec_eval, a negative grade says that a document was pooled but not judged: it is neither relevant nor
 * non-relevant, gains nothing and is not part of the ideal ranking.
 */
export interface JudgedRanking {
  /** Grades in rank order, best rank first: {@link unjudged} where there is no judgement. */
  readonly grades: Int32Array;
  /** The grades, 0 or more, of all judged documents of the query, retrieved or not, highest first. */
  readonly ideal: Int32Array;
  /** Whether the document at an index is judged for no query at all (BEIR's holes). */
  readonly isHole: (index: number) => boolean;
}

/** A measure of one query's ranking; its mean over queries is {@link Evaluation}'s. */
export interface Measure {
  /** In ir_measures' spelling: `nDCG@10`, `P(rel=2)@10`. Two measures of one name are the same. */
  readonly name: string;
  /** The name's first part: `nDCG`, `P`. */
  readonly family: string;
  /** Number of ranks looked at, or null for all. */
  readonly cutoff: number | null;
  /** Unjudged documents are taken out of the ranking first (trec_eval -J). */
  readonly judgedOnly: boolean;
  /** BEIR computes it in `custom_metrics.py`, with ties and means of its own (see EvaluationOptions). */
  readonly beirCustom: boolean;
  /** @returns the value, which is 0 where the query has no relevant document */
  evaluate(ranking: JudgedRanking): number;
}

/** What a family's file yields: the measure's arithmetic without its name. */
export type Evaluate = (ranking: JudgedRanking) => number;

/**
 * Looks up the grades of a ranking.
 * @param judgements document id → grade (whole numbers above {@link unjudged})
 * @param annotated the ids of all documents that are judged for any query; asked for by Hole@k alone
 */
export function judge(
  ranking: Ranking,
  judgements: ReadonlyMap<string, number>,
  annotated: () => ReadonlySet<string>,
): JudgedRanking {
  const { ids } = ranking;
  const grades = new Int32Array(ids.length);
  for (let i = 0; i < ids.length; i++) grades[i] = judgements.get(ids[i]!) ?? unjudged;
  return { grades, ideal: idealGrades(judgements), isHole: (index) => !annotated().has(ids[index]!) };
}

/** The ranking without documents that have no grade or a negative one, the others moved up (trec_eval -J). */
export function onlyJudged(ranking: JudgedRanking): JudgedRanking {
  return { grades: ranking.grades.filter((grade) => grade >= 0), ideal: ranking.ideal, isHole: () => false };
}

/** Number of judged documents of the query with this grade or a higher one. */
export function relevantCount(ranking: JudgedRanking, level: number): number {
  const { ideal } = ranking;
  let count = 0;
  while (count < ideal.length && ideal[count]! >= level) count++;
  return count;
}

/** Number of documents of this grade or a higher one in the first `depth` ranks. */
export function relevantRetrieved(ranking: JudgedRanking, level: number, depth = Infinity): number {
  const end = Math.min(depth, ranking.grades.length);
  let count = 0;
  for (let i = 0; i < end; i++) if (ranking.grades[i]! >= level) count++;
  return count;
}

function idealGrades(judgements: ReadonlyMap<string, number>): Int32Array {
  const grades = new Int32Array(judgements.size);
  let count = 0;
  for (const grade of judgements.values()) if (grade >= 0) grades[count++] = grade;
  return grades.subarray(0, count).sort().reverse();
}
