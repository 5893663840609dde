import { basename, join } from 'node:path';
import { openEncoder, openPairScorer, type ModelPlace } from '../runners/open-model.js';
import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { exists } from '../io/files.js';
import type { Encoder, Matrix, PairScorer } from '../core/model.js';
import { profileByName, type ProfileName } from '../core/profile.js';
import type { Progress } from '../core/runner.js';
import { openTask } from '../suites/index.js';
import { cacheFolder } from '../io/cache-folder.js';
import type { FindExample } from '../models/index.js';
import { documentTexts } from '../runners/bi-encoder.js';
import { pairGroups, pairScores, pairShardKey, queryTexts } from '../runners/cross-encoder.js';
import { textShardKeys } from '../runners/embedding.js';
import { shortestJudgedPair } from '../runners/one-shot-example.js';
import type { QueuedSystem, ShardJob } from './protocol.js';

export interface ShardMakerOptions {
  readonly datasetsDir: string;
  readonly threads: number;
  readonly progress: Progress;
}

/** A shard that is ready to be computed; one matrix a key. */
export interface ReadyShard {
  readonly unit: 'texts' | 'pairs';
  readonly size: number;
  compute(signal: AbortSignal, onProgress: (done: number) => void): Promise<readonly Matrix[]>;
}

type TextsPart = Extract<ShardJob['part'], { kind: 'texts' }>;
type PairsPart = Extract<ShardJob['part'], { kind: 'pairs' }>;
type OpenSystem = { readonly encoder: Encoder } | { readonly scorer: PairScorer };

/** Turns jobs into vectors and scores, with this machine's own data and model. The last task and model stay open. */
export class ShardMaker {
  readonly #options: ShardMakerOptions;
  #task: { readonly key: string; readonly task: RetrievalTask; texts: TextSequence | undefined } | undefined;
  #system: { readonly key: string; readonly system: OpenSystem } | undefined;

  constructor(options: ShardMakerOptions) {
    this.#options = options;
  }

  /**
   * Opens what a job is about, and sees that it is the same here as where the job was made.
   * @throws InputError where data or model are missing, or are others
   */
  async open(job: ShardJob): Promise<ReadyShard> {
    const { part } = job;
    const task = await this.#openTask(job.task);
    const system = await this.#openSystem(job.system, task, job.profile);
    requireSameSystem('encoder' in system ? system.encoder : system.scorer, job);
    if (part.kind === 'texts' && 'encoder' in system) return this.#texts(task, system.encoder, part, job);
    if (part.kind === 'pairs' && 'scorer' in system) return pairsShard(task, system.scorer, part, job);
    throw new InputError(`${job.task.name}: the queue asks an encoder for pairs, or a cross-encoder for vectors`);
  }

  async close(): Promise<void> {
    await this.#closeTask();
    await this.#closeSystem();
  }

  async #texts(task: RetrievalTask, encoder: Encoder, part: TextsPart, job: ShardJob): Promise<ReadyShard> {
    const { role } = part;
    const texts =
      role === 'query'
        ? task.queries.slice(part.first, part.first + part.count).map(({ text }) => text)
        : await this.#documents(task, job.profile).read(part.first, part.count);
    requireSameKeys(textShardKeys(encoder, texts, role), job);
    return {
      unit: 'texts',
      size: texts.length,
      compute: (signal, onProgress) => encoder.encode(texts, role, { signal, onProgress }),
    };
  }

  #documents(task: RetrievalTask, profile: ProfileName): TextSequence {
    const open = this.#task!;
    if (open.texts?.profile !== profile) open.texts = new TextSequence(task, profile);
    return open.texts;
  }

  async #openTask({ name, split, checksum }: ShardJob['task']): Promise<RetrievalTask> {
    const key = JSON.stringify([name, split]);
    if (this.#task?.key !== key) {
      await this.#closeTask();
      const { datasetsDir } = this.#options;
      const moved = join(datasetsDir, basename(name));
      const here = !(await exists(name)) && (await exists(moved)) ? moved : name;
      this.#task = { key, task: await openTask(here, datasetsDir, split), texts: undefined };
    }
    const { task } = this.#task;
    if (task.facts.checksum !== checksum)
      throw new InputError(
        `${name}: the data here has checksum ${task.facts.checksum.slice(0, 12)}…, the run's has ${checksum.slice(0, 12)}…; ` +
          'bring the same files to this machine',
      );
    return task;
  }

  /** A scorer's prompt may show an example from the task, so it is opened for one task. */
  async #openSystem(how: QueuedSystem, task: RetrievalTask, profile: ProfileName): Promise<OpenSystem> {
    const key = JSON.stringify([how, how.prompt === null ? '' : this.#task!.key]);
    if (this.#system?.key !== key) {
      await this.#closeSystem();
      const { threads, progress } = this.#options;
      const context = { profile: profileByName(profile), threads, progress, command: '' };
      this.#system = { key, system: await openSystem(how, task, { cacheFolder: cacheFolder(), context }) };
    }
    return this.#system.system;
  }

  async #closeTask(): Promise<void> {
    const open = this.#task;
    this.#task = undefined;
    await open?.texts?.close();
    await open?.task.corpus.close();
  }

  async #closeSystem(): Promise<void> {
    const open = this.#system?.system;
    this.#system = undefined;
    if (open !== undefined) await ('encoder' in open ? open.encoder : open.scorer).close();
  }
}

/** The texts of a task's documents, read as a stream that goes on from where the last shard ended. */
class TextSequence {
  readonly profile: ProfileName;
  readonly #task: RetrievalTask;
  #next = 0;
  #stream: AsyncGenerator<{ readonly text: string }, void> | undefined;

  constructor(task: RetrievalTask, profile: ProfileName) {
    this.#task = task;
    this.profile = profile;
  }

  /** `count` texts from number `first`; fewer where the corpus ends before. */
  async read(first: number, count: number): Promise<string[]> {
    if (this.#stream === undefined || first < this.#next) {
      await this.close();
      this.#stream = documentTexts(this.#task, profileByName(this.profile));
      this.#next = 0;
    }
    const texts: string[] = [];
    while (this.#next < first + count) {
      const step = await this.#stream.next();
      if (step.done === true) break;
      if (this.#next >= first) texts.push(step.value.text);
      this.#next++;
    }
    return texts;
  }

  async close(): Promise<void> {
    await this.#stream?.return(undefined);
    this.#stream = undefined;
  }
}

async function openSystem(
  { model, layers, embedPrompt, maxTokens, prompt, ...how }: QueuedSystem,
  task: RetrievalTask,
  place: ModelPlace,
): Promise<OpenSystem> {
  const plan = { ...how, layers: layers ?? undefined, embedPrompt: embedPrompt ?? undefined };
  if (prompt === null) return { encoder: await openEncoder(plan, model, maxTokens, place) };
  const example: FindExample = (tokens, longerThan) => shortestJudgedPair(task, tokens, longerThan);
  return { scorer: await openPairScorer(plan, model, prompt, place, example) };
}

async function pairsShard(
  task: RetrievalTask,
  scorer: PairScorer,
  { candidates }: PairsPart,
  job: ShardJob,
): Promise<ReadyShard> {
  const queries = queryTexts(task);
  const unknown = candidates.flatMap(({ queryIds }) => queryIds).find((id) => !queries.has(id));
  if (unknown !== undefined)
    throw new InputError(`${job.task.name}: has no query "${unknown}", which the queue asks for`);
  const groups = await pairGroups(task, queries, candidates);
  requireSameKeys([pairShardKey(scorer, groups)], job);
  return {
    unit: 'pairs',
    size: candidates.reduce((sum, { queryIds }) => sum + queryIds.length, 0),
    compute: async (signal, onProgress) => [await pairScores(scorer, groups, { signal, onProgress })],
  };
}

function requireSameSystem({ model, settings }: Encoder | PairScorer, job: ShardJob): void {
  const { files, architecture, dtype } = job.model;
  const names = [...new Set([...Object.keys(files), ...Object.keys(model.files)])];
  const other = names.find((name) => files[name] !== model.files[name]);
  if (other !== undefined)
    throw new InputError(
      `${job.system.model}: ${other} is another file here than where the run was started; bring the same model to this machine`,
    );
  const same = JSON.stringify(sorted({ ...settings, architecture, dtype }));
  if (same === JSON.stringify(sorted({ ...job.settings, architecture: model.architecture, dtype: model.dtype })))
    return;
  throw new InputError(
    `${job.system.model}: has settings ${JSON.stringify(settings)} here, ${JSON.stringify(job.settings)} in the run`,
  );
}

const sorted = (value: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

/** The last word: a key is a hash of all inputs. */
function requireSameKeys(keys: readonly string[], job: ShardJob): void {
  if (keys.length === job.keys.length && keys.every((key, i) => key === job.keys[i])) return;
  throw new InputError(
    `${job.task.name}: this worker would compute other shards than the run wants, from the same data and model; ` +
      'is it another version of this program?',
  );
}
