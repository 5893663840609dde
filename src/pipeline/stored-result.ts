import type { CandidateRun, Runner, RunRequest, SystemOutput } from '../core/runner.js';
import { InputError } from '../core/errors.js';
import type { SystemInfo } from '../core/system.js';
import type { Task } from '../core/task.js';
import { fingerprintOf } from '../results/fingerprint.js';
import { describeProvenance } from '../results/provenance.js';
import { healthNotes } from '../results/health-notes.js';
import { RECORD_VERSION, type NewRecord, type ResultRecord, type WorkDescription } from '../results/record.js';
import { DamagedResultError, findResult, saveResult, type StoredResult } from '../results/store.js';
import { loadVerified } from '../results/verify.js';
import type { PipelineContext, RunSettings } from './context.js';
import { retrieval } from './retrieval.js';
import type { Scored, TaskKind } from './task-kind.js';
import { useb } from './useb.js';

const taskKinds = { retrieval, useb } as const;

/** The scoring of a task's kind. */
export function kindOf(task: Task): TaskKind {
  // The table's entry for `task.kind` accepts this task; TypeScript cannot express that.
  return taskKinds[task.kind];
}

/**
 * Runs a runner on a task, evaluates each of its systems and stores the results; all kinds of tasks take this path. A
 * stored result with the same fingerprint is reused.
 * @param candidates input of a re-ranker; null for other runners
 */
export async function runOnTask(
  runner: Runner,
  task: Task,
  candidates: CandidateRun | null,
  settings: RunSettings,
  context: PipelineContext,
): Promise<StoredResult[]> {
  const request: RunRequest = { topK: settings.topK, candidates };
  const works = runner.systemsOn(task).map((system) => describeWork(task, system, request, context));
  const reused = await Promise.all(works.map((work) => reuseResult(task, work, settings, context)));
  if (reused.every((result) => result !== undefined)) return reused;
  const outputs = await runner.run(task, kindOf(task).request(task, request, context.profile), context);
  const results: StoredResult[] = [];
  for (const [i, output] of outputs.entries())
    results.push(reused[i] ?? (await evaluateOutput(task, output, works[i]!, settings, context)));
  return results;
}

function describeWork(
  task: Task,
  { model, ...system }: SystemInfo,
  request: RunRequest,
  { profile }: PipelineContext,
): WorkDescription {
  const { name, split, facts, queryLimit } = task;
  return {
    task: { name, split, ...facts, queryLimit },
    system: { ...system, model: model === null ? null : { ...model, files: { ...model.files } } },
    profile: profile.name,
    ...kindOf(task).describe(task, { model, ...system }, request),
  };
}

/**
 * The stored result, if any; missing measures are recomputed from its run file. One that is damaged, or was written by an
 * older version, is computed again.
 */
async function reuseResult(
  task: Task,
  work: WorkDescription,
  settings: RunSettings,
  context: PipelineContext,
): Promise<StoredResult | undefined> {
  const stored = settings.overwrite ? undefined : await findWhole(work, settings, context);
  if (stored === undefined) return undefined;
  const scored = await kindOf(task).evaluateAgain(task, stored, settings, context.profile);
  return scored === null ? stored : save(work, scored, stored.record, settings, context);
}

async function findWhole(
  work: WorkDescription,
  { output }: RunSettings,
  { progress }: PipelineContext,
): Promise<StoredResult | undefined> {
  try {
    const stored = await findResult(output, work);
    if (stored !== undefined) await loadVerified(stored);
    return stored;
  } catch (error) {
    if (!(error instanceof DamagedResultError)) throw error;
    progress.note(
      `${work.task.name}: ${work.system.name}: computed again, as its stored result is unusable: ${error.flaw}`,
    );
    return undefined;
  }
}

async function evaluateOutput(
  task: Task,
  { output, cost, health }: SystemOutput,
  work: WorkDescription,
  settings: RunSettings,
  context: PipelineContext,
): Promise<StoredResult> {
  const scored = await kindOf(task).evaluate(task, output, settings, context.profile);
  const { inputs = {}, droppedDocuments = 0, makers = [] } = health ?? {};
  const warrant = {
    health: { tiedQueries: scored.tiedQueries, inputs, droppedDocuments },
    provenance: await describeProvenance(context, cost, { makers: [...makers], recheck: recheckOf(context) }),
  };
  requireSense(work, scored);
  for (const note of healthNotes({ ...warrant, evaluation: scored.evaluation, task: work.task }))
    context.progress.note(`${work.task.name}: ${work.system.name}: ${note}`);
  return save(work, scored, warrant, settings, context);
}

/** What came of shards that two workers of a queue computed; null without a queue. */
function recheckOf({ shards }: PipelineContext): ResultRecord['provenance']['recheck'] {
  const report = shards?.report?.();
  if (report === undefined) return null;
  const { compared, differing, largestDifference } = report;
  return { compared, differing, largestDifference };
}

/** @throws InputError if a model gives all documents of every query the same score, so that their ids decide the order */
function requireSense({ task, system }: WorkDescription, { run, tiedQueries }: Scored): void {
  if (system.model === null || run === null || run.size === 0 || tiedQueries !== run.size) return;
  if (Math.max(...Array.from(run.values(), ({ ids }) => ids.length)) < 3) return;
  throw new InputError(
    `${task.name}: ${system.name}: all documents of each of the ${run.size} queries have the same score, so the model tells ` +
      'none of them apart; look at its weights, its tokenizer and the prompt',
  );
}

async function save(
  work: WorkDescription,
  scored: Scored,
  { health, provenance }: Pick<ResultRecord, 'health' | 'provenance'>,
  settings: RunSettings,
  { progress }: PipelineContext,
): Promise<StoredResult> {
  const record: NewRecord = {
    schema: 'sgpt-bench/result',
    version: RECORD_VERSION,
    fingerprint: fingerprintOf(work),
    ...work,
    evaluation: scored.evaluation,
    health,
    mainMeasure: scored.mainMeasure,
    measures: { ...scored.measures },
    provenance,
  };
  progress.note(`${work.task.name}: ${work.system.name}: ${scored.mainMeasure} ${scored.shown}`);
  return saveResult(settings.output, record, scored.run, scored.perQuery);
}
