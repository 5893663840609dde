import { basename, join } from 'node:path';
import { canonicalJson } from '../core/canonical-json.js';
import { InputError } from '../core/errors.js';
import { limitTask } from '../core/limit-task.js';
import { profileByName, type ProfileName } from '../core/profile.js';
import type { Progress } from '../core/progress.js';
import type { ReadyShard, Runner } from '../core/runner.js';
import { completeSpec, type SentSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { cacheFolder } from '../io/cache-folder.js';
import { exists } from '../io/files.js';
import { runnerKindOf } from '../runners/index.js';
import { VectorStore, type StoreBackend } from '../stores/index.js';
import { openTask } from '../suites/open-task.js';
import type { ShardJob } from './protocol.js';

export interface ShardMakerOptions {
  readonly backend: StoreBackend;
  readonly datasetsDir: string;
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
   * @throws InputError if data or model are missing or differ
   */
  async open(job: ShardJob): Promise<ReadyShard> {
    const task = await this.#openTask(job.task);
    const runner = await this.#openRunner(job.system, task, job.profile);
    requireSameSystem(runner, job);
    if (runner.openShard === undefined)
      throw new InputError(
        `${job.task.name}: the runner ${job.system.runner} stores nothing, so a worker has nothing to compute`,
      );
    const shard = await runner.openShard(task, job.part, profileByName(job.profile));
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
      const { datasetsDir } = this.#options;
      const localPath = join(datasetsDir, basename(name));
      const path = !(await exists(name)) && (await exists(localPath)) ? localPath : name;
      this.#task = { key, task: limitTask(await openTask(path, { datasetsDir, split }), queryLimit) };
    }
    const { task } = this.#task;
    if (task.facts.checksum !== checksum)
      throw new InputError(
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
    if (open?.kind === 'retrieval') await open.corpus.close();
  }

  async #closeRunner(): Promise<void> {
    const open = this.#runner?.runner;
    this.#runner = undefined;
    await open?.close();
  }
}

function requireSameSystem({ stored }: Runner, job: ShardJob): void {
  if (stored === undefined) return;
  const { model, settings } = stored;
  const { files, architecture, dtype } = job.model;
  const names = [...new Set([...Object.keys(files), ...Object.keys(model.files)])];
  const other = names.find((name) => files[name] !== model.files[name]);
  if (other !== undefined)
    throw new InputError(
      `${job.system.model ?? job.system.runner}: ${other} differs from the file on the machine that started the run; copy the same model to this machine`,
    );
  const own = { ...settings, architecture: model.architecture, dtype: model.dtype };
  if (canonicalJson(own) === canonicalJson({ ...job.settings, architecture, dtype })) return;
  throw new InputError(
    `${job.system.model ?? job.system.runner}: has settings ${JSON.stringify(settings)} here, ${JSON.stringify(job.settings)} in the run`,
  );
}

/** The final check: a key is a hash of all inputs. */
function requireSameKeys(keys: readonly string[], job: ShardJob): void {
  if (keys.length === job.keys.length && keys.every((key, i) => key === job.keys[i])) return;
  throw new InputError(
    `${job.task.name}: this worker's shard keys differ from the run's, although data and model are equal; ` +
      'is it another version of this program?',
  );
}
