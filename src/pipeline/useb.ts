import type { Progress } from '../core/progress.js';
import type { Ranking } from '../core/run.js';
import { cqaDupStackDepth, usebDatasets, usebMainMeasures, type AskUbuntuTask, type UsebTask } from '../core/useb.js';
import {
  evaluateUseb,
  usebAverage,
  usebFraction,
  usebFractionDecimals,
  usebPercentage,
  type UsebEvaluation,
} from '../measures/useb/index.js';
import { RECORD_VERSION, type PerQuery, type ResultRecord } from '../results/record.js';
import type { StoredResult } from '../results/store.js';
import { describeCandidates } from './retrieval.js';
import type { TaskKind } from './task-kind.js';

/** USEB's tasks: a system returns similarities, which are scored as USEB's own program does. */
export const useb: TaskKind<UsebTask> = {
  request: (_task, request) => request,

  describe: (task, system) => ({
    firstStage: system.runner === 'cross-encoder' && task.dataset === 'askubuntu' ? ownFirstStage(task) : null,
    topK: cqaDupStackDepth,
  }),

  evaluate(task, output) {
    if (output.kind !== 'useb') throw new Error(`${task.name}: a task of USEB is measured by USEB's scores`);
    const evaluation = evaluateUseb(task, output.scores);
    const mainMeasure = usebMainMeasures[task.dataset];
    return Promise.resolve({
      evaluation: {
        average: 'intersection',
        identicalIdsRemoved: false,
        decimals: usebFractionDecimals,
        queriesWithoutRanking: task.skippedQueries,
      },
      mainMeasure,
      measures: Object.fromEntries([...evaluation.values].map(([key, value]) => [key, usebFraction(value)])),
      perQuery: perQueryOf(evaluation),
      tiedQueries: null,
      run: null,
      shown: usebPercentage(evaluation.values.get(mainMeasure)!).toFixed(2),
    });
  },

  // A stored result has all of USEB's numbers.
  evaluateAgain: () => Promise.resolve(null),
};

/** The first stage of a cross-encoder on AskUbuntu: the candidates that come with the data. */
function ownFirstStage({ queries }: AskUbuntuTask): ResultRecord['firstStage'] {
  const rankings = queries.map(({ id, candidates: ids }): [string, Ranking] => [
    id,
    { ids, scores: new Float32Array(ids.length) },
  ]);
  const depth = Math.max(...queries.map(({ candidates }) => candidates.length));
  return describeCandidates({ name: "USEB's BM25", run: new Map(rankings), depth });
}

function perQueryOf({ queryMeasures, queries }: UsebEvaluation): PerQuery {
  return {
    schema: 'sgpt-bench/per-query',
    version: RECORD_VERSION,
    measures: [...queryMeasures],
    queries: queries.map(({ id, text, values, top }) => ({ id, text, values: [...values], top: [...top] })),
  };
}

/** Reports USEB's average for each system with results on all four tasks. */
export function noteUsebAverages(results: readonly StoredResult[], progress: Progress): void {
  const bySystem = new Map<string, Map<string, ReadonlyMap<string, number>>>();
  for (const { record } of results) {
    const slash = record.task.name.lastIndexOf('/');
    const key = `${record.task.name.slice(0, slash)}: ${record.system.name}`;
    const byDataset = bySystem.get(key) ?? new Map<string, ReadonlyMap<string, number>>();
    byDataset.set(record.task.name.slice(slash + 1), new Map(Object.entries(record.measures)));
    bySystem.set(key, byDataset);
  }
  for (const [key, byDataset] of bySystem) {
    if (!usebDatasets.every((dataset) => byDataset.has(dataset))) continue;
    progress.note(`${key}: average of the four main scores ${usebAverage(byDataset).toFixed(2)}`);
  }
}
