import { join } from 'node:path';
import type { RetrievalTask } from '../core/dataset.js';
import type { Profile } from '../core/profile.js';
import { isTied, withoutIdenticalId, type Ranking, type Run } from '../core/run.js';
import type { CandidateRun } from '../core/runner.js';
import { evaluateRun, evaluationOptions, parseMeasure, type Measure } from '../measures/index.js';
import { candidatesChecksum } from '../results/fingerprint.js';
import { perQueryOf } from '../results/per-query.js';
import type { ResultRecord } from '../results/record.js';
import { readRun } from '../results/run-file.js';
import { formatScore } from '../results/score-format.js';
import { mainMeasure } from './context.js';
import type { Scored, TaskKind } from './task-kind.js';

/** Retrieval tasks: a system returns a run, which is scored against judgements. */
export const retrieval: TaskKind<RetrievalTask> = {
  // If documents with the query's id are removed, one more is requested, so that topK remain.
  request: (task, request, profile) => ({
    ...request,
    topK: request.topK + (removesIdenticalIds(task, profile) ? 1 : 0),
  }),

  describe: (_task, _system, { candidates, topK }) => ({
    firstStage: candidates === null ? null : describeCandidates(candidates),
    topK,
  }),

  evaluate(task, output, settings, profile) {
    if (output.kind !== 'ranking') throw new Error(`${task.name}: a retrieval task is measured by a ranking`);
    const run = prepareRun(output.run, removesIdenticalIds(task, profile), settings.topK);
    return measure(task, run, measuresOf(task, settings.measures), profile);
  },

  async evaluateAgain(task, { folder, record }, settings, profile) {
    const requested = measuresOf(task, settings.measures);
    if (record.files.run === null || requested.every(({ name }) => Object.hasOwn(record.measures, name))) return null;
    const run = await readRun(join(folder, record.files.run.name));
    return measure(task, run, measuresOf(task, [...Object.keys(record.measures), ...settings.measures]), profile);
  },
};

function removesIdenticalIds(task: RetrievalTask, profile: Profile): boolean {
  return evaluationOptions(profile, task.removesIdenticalIds).identicalIds === 'remove';
}

/** The first stage, as stored in a record. */
export function describeCandidates({ name, run, depth }: CandidateRun): NonNullable<ResultRecord['firstStage']> {
  return { name, checksum: candidatesChecksum(run, depth), depth };
}

/** The requested measures and the task's main measure, without repetitions. */
function measuresOf(task: RetrievalTask, names: readonly string[]): Measure[] {
  const measures = [...names, task.mainMeasure ?? mainMeasure].map((name) => parseMeasure(name));
  return [...new Map(measures.map((measure) => [measure.name, measure])).values()];
}

/** The run as it is stored and evaluated: without identical ids if the profile removes them, cut at `topK`. */
function prepareRun(run: Run, removeIdentical: boolean, topK: number): Run {
  const prepared = new Map<string, Ranking>();
  for (const [id, ranking] of run) {
    const kept = removeIdentical ? withoutIdenticalId(id, ranking) : ranking;
    if (kept.ids.length === 0) continue;
    prepared.set(id, { ids: kept.ids.slice(0, topK), scores: kept.scores.slice(0, topK) });
  }
  return prepared;
}

/** @param run prepared: identical ids are removed already */
async function measure(task: RetrievalTask, run: Run, measures: readonly Measure[], profile: Profile): Promise<Scored> {
  const options = evaluationOptions(profile, task.removesIdenticalIds);
  const main = parseMeasure(task.mainMeasure ?? mainMeasure).name;
  const evaluation = evaluateRun(task.qrels, run, measures, { ...options, identicalIds: 'keep' });
  return {
    evaluation: {
      average: options.average,
      identicalIdsRemoved: options.identicalIds === 'remove',
      decimals: options.decimals,
      queriesWithoutRanking: task.queries.filter(({ id }) => !run.has(id)).length,
    },
    mainMeasure: main,
    measures: Object.fromEntries(evaluation.means),
    perQuery: await perQueryOf(task, run, evaluation),
    tiedQueries: [...run.values()].filter(isTied).length,
    run,
    shown: formatScore(evaluation.means.get(main) ?? NaN),
  };
}
