import { canonicalJson } from '../core/canonical-json.js';
import { InputError } from '../core/errors.js';
import { profileByName, type Profile } from '../core/profile.js';
import type { StoreDtype } from '../core/system-fields.js';
import type { SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import type { StoredResult } from '../results/store.js';
import { runnerKindOf, type OpenContext } from '../runners/index.js';
import { openStoreBackend, VectorStore } from '../stores/index.js';
import { localCacheFolder, type PipelineContext, type RunSettings } from './context.js';
import { firstStageFor } from './first-stage.js';
import { runOnTask } from './stored-result.js';
import { noteUsebAverages } from './useb.js';

/** The context of a run; with `auto`, each system gets the profile that fits it. */
export interface PlanContext extends Omit<PipelineContext, 'profile'> {
  readonly profile: Profile | 'auto';
}

/** A runner to open: its spec, and the tasks that share it. */
interface Opening {
  readonly spec: SystemSpec;
  readonly tasks: readonly Task[];
}

/**
 * Runs every system on every task, one system after another, and writes each result as soon as it is done. Stored results
 * are reused. If the run only fills a store, nothing is evaluated and the result is empty.
 * @param specs checked by check-spec.ts
 * @throws InputError before any work if a runner cannot run one of the tasks
 */
export async function runPlan(
  specs: readonly SystemSpec[],
  tasks: readonly Task[],
  settings: RunSettings,
  run: PlanContext,
): Promise<StoredResult[]> {
  for (const spec of specs) for (const task of tasks) requireSupported(spec, task);
  const store = await storesOf(settings, run);
  const results: StoredResult[] = [];
  const noted = new Set<string>();
  for (const spec of specs) {
    const context = { ...run, profile: await profileFor(spec, run, noted) };
    for (const opening of openingsOf(spec, tasks, context)) {
      const opened = { ...openContext(opening, settings, context), store };
      results.push(...(await runSystem(opening, opened, settings, context)));
    }
  }
  noteUsebAverages(results, run.progress);
  return results;
}

/** The run's profile; for `auto`, that which fits the system, with a note that says so once. */
async function profileFor(spec: SystemSpec, { profile, progress }: PlanContext, noted: Set<string>): Promise<Profile> {
  if (profile !== 'auto') return profile;
  const { name, reason } = await runnerKindOf(spec.runner).profile(spec, progress);
  const note = `profile ${name} ${reason}; --profile chooses another`;
  if (!noted.has(note)) progress.note(note);
  noted.add(note);
  return profileByName(name);
}

async function runSystem(
  { spec, tasks }: Opening,
  opened: OpenContext,
  settings: RunSettings,
  context: PipelineContext,
): Promise<StoredResult[]> {
  const kind = runnerKindOf(spec.runner);
  const fillOnly = context.sharing?.fillOnly === true;
  const results: StoredResult[] = [];
  const runner = await kind.open(spec, opened);
  try {
    if (fillOnly && runner.fill === undefined) return [];
    for (const task of tasks) {
      const candidates = kind.reranks ? await firstStageFor(spec, task, opened, settings, context) : null;
      const shared = { ...context, shards: runner.stored && context.sharing?.workOf(spec, task, context.profile.name) };
      if (fillOnly) await runner.fill?.(task, { topK: settings.topK, candidates }, shared);
      else results.push(...(await runOnTask(runner, task, candidates, settings, shared)));
    }
  } finally {
    await runner.close();
  }
  return results;
}

/** Groups the tasks so that a system is opened as rarely as they allow. */
function openingsOf(spec: SystemSpec, tasks: readonly Task[], { profile }: PipelineContext): Opening[] {
  const kind = runnerKindOf(spec.runner);
  const openings = new Map<string, { spec: SystemSpec; tasks: Task[] }>();
  tasks.forEach((task, i) => {
    for (const specForTask of kind.forTask?.(spec, task, profile) ?? [spec]) {
      const key = canonicalJson([specForTask, task.symmetric, kind.opensPerTask?.(specForTask) === true ? i : null]);
      const existing = openings.get(key);
      if (existing === undefined) openings.set(key, { spec: specForTask, tasks: [task] });
      else existing.tasks.push(task);
    }
  });
  return [...openings.values()];
}

function openContext(
  { tasks }: Opening,
  settings: RunSettings,
  { profile, threads, progress }: PipelineContext,
): Omit<OpenContext, 'store'> {
  return { profile, threads, progress, cacheFolder: localCacheFolder(settings), task: tasks[0]! };
}

async function storesOf(
  settings: RunSettings,
  { signal, progress }: Pick<PipelineContext, 'signal' | 'progress'>,
): Promise<(dtype: StoreDtype) => VectorStore> {
  const backend = await openStoreBackend(settings.store ?? localCacheFolder(settings), {
    signal,
    onNote: (message) => {
      progress.note(message);
    },
  });
  return (dtype) => new VectorStore(backend, { dtype });
}

function requireSupported(spec: SystemSpec, task: Task): void {
  const refusal = runnerKindOf(spec.runner).refusal(task, spec);
  if (refusal !== null)
    throw new InputError(`${task.name}: the runner ${spec.runner} cannot run this task; ${refusal}`);
}
