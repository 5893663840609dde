import { canonicalJson } from '../core/canonical-json.js';
import { limitTask } from '../core/limit-task.js';
import { profileByName, type ProfileName } from '../core/profile.js';
import type { Progress } from '../core/progress.js';
import type { ReadyShard, Runner } from '../core/runner.js';
import { completeSpec, type SentSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { cacheFolder } from '../io/cache-folder.js';
import { runnerKindOf } from '../runners/index.js';
import { VectorStore, type StoreBackend } from '../stores/index.js';
import { closeTask, openTask } from '../suites/open-task.js';
import { allowedTask, requireAllowedModel, type AllowedFolders } from './allowed-folders.js';
import type { ShardJob } from './protocol.js';
import { JobRefusal, refusalOf } from './refusals.js';

export interface ShardMakerOptions {
  readonly backend: StoreBackend;
  readonly datasetsDir: string;
  /** Folders that jobs may name. */
  readonly allow: AllowedFolders;
  readonly threads: number;
  readonly progress: Progress;
}

/** Computes jobs with this machine's own copy of data and model. The last task and runner stay open. */
export class ShardMaker {
  readonly #options: ShardMakerOptions;
  #task: { readonly key: string; readonly task: Task } | undefined;
  #runner: { readonly key: string; readonly runner: Runner } | undefined;

  constructor(options: ShardMakerOptions) {
    this.#options = options;
  }

  /**
   * Opens a job's task and system, and checks that they equal the coordinator's.
   * @throws JobRefusal if data or model are missing, differ, or are not for jobs to name
   */
  async open(job: ShardJob): Promise<ReadyShard> {
    const { name } = job.task;
    const modelName = job.system.model ?? job.system.runner;
    await requireAllowedModel(job.system.model, this.#options.allow);
    const task = await refusing(name, () => this.#openTask(job.task));
    const runner = await refusing(modelName, () => this.#openRunner(job.system, task, job.profile));
    requireSameSystem(runner, job);
    if (runner.openShard === undefined)
      throw new JobRefusal(
        `${name}: the runner ${job.system.runner} stores nothing, so a worker has nothing to compute`,
      );
    const shard = await refusing(name, () => runner.openShard!(task, job.part, profileByName(job.profile)));
    requireSameKeys(shard.keys, job);
    return shard;
  }

  async close(): Promise<void> {
    await this.#closeRunner();
    await this.#closeTask();
  }

  async #openTask({ name, split, checksum, queryLimit }: ShardJob['task']): Promise<Task> {
    const key = JSON.stringify([name, split, queryLimit]);
    if (this.#task?.key !== key) {
      await this.#closeTask();
      const { datasetsDir, allow } = this.#options;
      const path = await allowedTask(name, datasetsDir, allow);
      this.#task = { key, task: limitTask(await openTask(path, { datasetsDir, split }), queryLimit) };
    }
    const { task } = this.#task;
    if (task.facts.checksum !== checksum)
      throw new JobRefusal(
        `${name}: the data here has checksum ${task.facts.checksum.slice(0, 12)}…, the run's has ${checksum.slice(0, 12)}…; ` +
          'copy the same files to this machine',
      );
    return task;
  }

  /** Opens the system; once per task if it depends on the task (as with an example of the task in the prompt). */
  async #openRunner(sent: SentSpec, task: Task, profile: ProfileName): Promise<Runner> {
    const spec = completeSpec(sent);
    const kind = runnerKindOf(spec.runner);
    const key = canonicalJson([sent, profile, kind.opensPerTask?.(spec) === true ? this.#task!.key : '']);
    if (this.#runner?.key !== key) {
      await this.#closeRunner();
      const { backend, threads, progress } = this.#options;
      const runner = await kind.open(spec, {
        ...{ profile: profileByName(profile), threads, progress, task },
        cacheFolder: cacheFolder(),
        store: (dtype) => new VectorStore(backend, { dtype }),
      });
      this.#runner = { key, runner };
    }
    return this.#runner.runner;
  }

  async #closeTask(): Promise<void> {
    const open = this.#task?.task;
    this.#task = undefined;
    if (open !== undefined) await closeTask(open);
  }

  async #closeRunner(): Promise<void> {
    const open = this.#runner?.runner;
    this.#runner = undefined;
    await open?.close();
  }
}

/** Opens something that a job names; a fault is this worker's refusal of the job. */
async function refusing<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw refusalOf(error, name);
  }
}

function requireSameSystem({ stored }: Runner, job: ShardJob): void {
  if (stored === undefined) return;
  const { model, settings } = stored;
  const { files, architecture, dtype } = job.model;
  const name = job.system.model ?? job.system.runner;
  const otherFile = differentKey(files, model.files);
  if (otherFile !== undefined)
    throw new JobRefusal(
      `${name}: ${otherFile} differs from the file on the machine that started the run; copy the same model to this machine`,
    );
  const other = differentKey(
    { ...job.settings, architecture, dtype },
    { ...settings, architecture: model.architecture, dtype: model.dtype },
  );
  if (other !== undefined)
    throw new JobRefusal(`${name}: its setting "${other}" differs from the run's; copy the same model to this machine`);
}

/** The first name whose values differ; undefined if there is none. */
function differentKey(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string | undefined {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].find((name) => a[name] !== b[name]);
}

/** The final check: a key is a hash of all inputs. */
function requireSameKeys(keys: readonly string[], job: ShardJob): void {
  if (keys.length === job.keys.length && keys.every((key, i) => key === job.keys[i])) return;
  throw new JobRefusal(
    `${job.task.name}: this worker's shard keys differ from the run's, although data and model are equal`,
  );
}
