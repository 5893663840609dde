import { join } from 'node:path';
import type { Qrels } from '../core/dataset.js';
import { rank, type Ranking, type Run } from '../core/run.js';
import { evaluateRun, parseMeasure } from '../measures/index.js';
import { candidatesChecksum } from './fingerprint.js';
import type { PerQuery } from './record.js';
import { readRun } from './run-file.js';
import type { StoredResult } from './store.js';

/** A re-ranker's score at a smaller depth, and the oracle's on the same candidates. */
export interface DepthScores {
  readonly depth: number;
  readonly reranked: number;
  readonly ceiling: number;
}

/** If a recomputed score differs more than this from the recorded one, the runs have changed. */
const sameScore = 1e-4;

/**
 * Computes a re-ranker's scores at smaller depths, from its run and its first stage's. All pairs are scored already, so
 * re-ranking the first d documents means leaving the others out of the run.
 * @param perQuery of the re-ranked result, with judgements
 * @returns undefined if it cannot be computed: no judgements, or the first stage's run is not the one that was re-ranked
 */
export async function scoresByDepth(
  reranked: StoredResult,
  perQuery: PerQuery,
  firstStage: StoredResult,
  depths: readonly number[],
): Promise<DepthScores[] | undefined> {
  const stage = reranked.record.firstStage;
  const qrels = qrelsOf(perQuery);
  if (stage === null || qrels === undefined) return undefined;
  const [run, candidates] = await Promise.all([reranked, firstStage].map(storedRun));
  if (run === undefined || candidates === undefined) return undefined;
  if (candidatesChecksum(candidates, stage.depth) !== stage.checksum) return undefined;
  const score = scorer(reranked, qrels);
  const recorded = reranked.record.measures[reranked.record.mainMeasure];
  if (recorded === undefined || Math.abs(score(run) - recorded) > sameScore) return undefined;
  return depths
    .filter((depth) => depth <= stage.depth)
    .map((depth) => ({
      depth,
      reranked: score(cutTo(run, candidates, depth)),
      ceiling: score(perfect(candidates, qrels, depth)),
    }));
}

async function storedRun({ folder, record }: StoredResult): Promise<Run | undefined> {
  return record.files.run === null ? undefined : readRun(join(folder, record.files.run.name));
}

function qrelsOf({ queries }: PerQuery): Qrels | undefined {
  if (queries.some(({ judgements }) => judgements === undefined)) return undefined;
  return new Map(queries.map(({ id, judgements }) => [id, new Map(judgements)]));
}

/** Returns a function that scores a run by the main measure, in the same way as the result's own score. */
function scorer({ record }: StoredResult, qrels: Qrels): (run: Run) => number {
  const measure = parseMeasure(record.mainMeasure);
  const { average, decimals } = record.evaluation;
  return (run) =>
    evaluateRun(qrels, run, [measure], { average, identicalIds: 'keep', decimals }).means.get(measure.name)!;
}

/** The run with only the first `depth` candidates per query. */
function cutTo(run: Run, candidates: Run, depth: number): Run {
  return mapRun(run, (id, { ids, scores }) => {
    const kept = new Set(candidates.get(id)?.ids.slice(0, depth));
    return {
      ids: ids.filter((document) => kept.has(document)),
      scores: scores.filter((_, i) => kept.has(ids[i]!)),
    };
  });
}

/** The first `depth` candidates by grade: the upper bound for their re-rankers. */
function perfect(candidates: Run, qrels: Qrels, depth: number): Run {
  return mapRun(candidates, (id, ranking) => {
    const ids = ranking.ids.slice(0, depth);
    const grades = ids.map((document) => Math.max(0, qrels.get(id)?.get(document) ?? 0));
    return rank(ids, grades);
  });
}

function mapRun(run: Run, change: (id: string, ranking: Ranking) => Ranking): Run {
  return new Map([...run].map(([id, ranking]) => [id, change(id, ranking)]));
}
