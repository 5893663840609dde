import type { Ranking } from '../core/run.js';

/** Stands for the grade of an unjudged document. All grades of judgements are larger. */
export const unjudged = -0x80000000;

/**
 * The grades of a query's ranking. Computed once per query, for all measures.
 * As in trec_eval, a negative grade means that a document was pooled but not judged: it is neither relevant nor
 * non-relevant, has no gain and is not part of the ideal ranking.
 */
export interface JudgedRanking {
  /** Grades in rank order, best rank first: {@link unjudged} for documents without a judgement. */
  readonly grades: Int32Array;
  /** The grades, 0 or more, of all judged documents of the query, retrieved or not, highest first. */
  readonly ideal: Int32Array;
  /** True if the document at an index is not judged for any query (BEIR's holes). */
  readonly isHole: (index: number) => boolean;
}

/** A measure of one query's ranking; its mean over queries is {@link Evaluation}'s. */
export interface Measure {
  /** In ir_measures' spelling: `nDCG@10`, `P(rel=2)@10`. Measures with equal names are equal. */
  readonly name: string;
  /** The name's first part: `nDCG`, `P`. */
  readonly family: string;
  /** Number of ranks that count; null for all. */
  readonly cutoff: number | null;
  /** True: unjudged documents are removed from the ranking first (trec_eval -J). */
  readonly judgedOnly: boolean;
  /** True: BEIR computes it in `custom_metrics.py`, where ties and means differ (see EvaluationOptions). */
  readonly beirCustom: boolean;
  /** @returns the value; 0 if the query has no relevant document */
  evaluate(ranking: JudgedRanking): number;
}

/** The arithmetic of a measure. */
export type Evaluate = (ranking: JudgedRanking) => number;

/**
 * Looks up the grades of a ranking.
 * @param judgements document id → grade (whole numbers above {@link unjudged})
 * @param annotated the ids of all documents that are judged for any query; called by Hole@k only
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

/** Removes documents without a grade, or with a negative one, from the ranking (trec_eval -J). */
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
