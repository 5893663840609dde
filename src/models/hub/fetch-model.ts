import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { downloadFile } from '../../io/download.js';
import { InputError, messageOf } from '../../core/errors.js';
import { exists, sha256OfFile } from '../../io/files.js';
import { withLock } from '../../io/lock.js';
import { defaultRetryPolicy, type RetryPolicy } from '../../io/retry.js';
import type { Progress } from '../../core/progress.js';
import { CachedModel } from './cache.js';
import { HubClient, HubUnreachable, nameOf, type RemoteFile } from './client.js';
import type { HubModel, HubSettings } from './settings.js';

export interface FetchOptions {
  readonly settings: HubSettings;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly retry?: RetryPolicy | undefined;
}

/** A model's files on this machine. */
export interface FetchedModel {
  readonly folder: string;
  readonly commit: string;
}

/** Files a model may have besides its weights; those that it has are fetched. */
const smallFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
];
const weightFiles = [
  { single: 'model.safetensors', index: 'model.safetensors.index.json' },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json' },
] as const;

/**
 * Brings the files that are needed to run a model into the cache, those that are there already excepted, and returns the
 * snapshot's folder. Every file is of the same commit. Large files go on where an earlier call stopped; contents are
 * checked against the hub's SHA-256 or git blob id before they get their name.
 * @throws InputError for a model that does not exist or may not be read, for wrong contents, and without a network where
 * the cache does not have the model
 */
export async function fetchModel(model: HubModel, options: FetchOptions): Promise<FetchedModel> {
  const { settings, signal, retry = defaultRetryPolicy } = options;
  const cached = new CachedModel(settings.cache, model.id);
  if (settings.offline) return fromCache(model, cached, 'HF_HUB_OFFLINE is set');
  const client = new HubClient(model.id, { settings, retry, signal });
  try {
    const commit = await commitOf(model, cached, client);
    const files = new SnapshotFetcher(model, commit, cached, client, options);
    for (const file of ['config.json', ...smallFiles]) await files.bring(file);
    await files.bringModules();
    await files.bringWeights();
    await cached.rememberCommit(model.revision, commit);
    return { folder: cached.snapshot(commit), commit };
  } catch (error) {
    if (!(error instanceof HubUnreachable)) throw error;
    const found = await fromCache(model, cached, error.message).catch(() => {
      throw error;
    });
    options.progress?.note(`${nameOf(model)}: ${settings.endpoint} cannot be reached; using what the cache has`);
    return found;
  }
}

async function fromCache(model: HubModel, cached: CachedModel, why: string): Promise<FetchedModel> {
  const commit = await cached.commitOf(model.revision);
  if (commit !== undefined && (await cached.has(commit, 'config.json')) === true)
    return { folder: cached.snapshot(commit), commit };
  throw new InputError(
    `${nameOf(model)}: is not in the cache at ${cached.folder}, and ${why}; fetch it once with a network`,
  );
}

/** A commit needs no question; a branch may have moved since the last time. */
async function commitOf(model: HubModel, cached: CachedModel, client: HubClient): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(model.revision) && (await cached.has(model.revision, 'config.json')) === true)
    return model.revision;
  const config = await client.describe(model.revision, 'config.json');
  if (config !== undefined) return config.commit;
  throw new InputError(`${nameOf(model)}: the hub has no such model, or one without config.json; check the id`);
}

/** Brings files of one commit. */
class SnapshotFetcher {
  constructor(
    private readonly model: HubModel,
    private readonly commit: string,
    private readonly cached: CachedModel,
    private readonly client: HubClient,
    private readonly options: FetchOptions,
  ) {}

  /** @returns whether the model has the file, which then is in the snapshot */
  async bring(file: string): Promise<boolean> {
    const { cached, commit } = this;
    const known = await cached.has(commit, file);
    if (known !== undefined) return known;
    const remote = await this.client.describe(commit, file);
    if (remote === undefined) {
      await cached.rememberMissing(commit, file);
      return false;
    }
    if (remote.commit !== commit)
      throw new InputError(`${remote.url}: is of commit ${remote.commit}, asked for ${commit}; check HF_ENDPOINT`);
    await this.fetchBlob(file, remote);
    await cached.link(commit, file, remote.etag);
    return true;
  }

  /** Configuration and weights of a sentence-transformers folder's modules. */
  async bringModules(): Promise<void> {
    for (const path of await this.listed('modules.json', /"path"\s*:\s*"([\w.-]+)"/g)) {
      await this.bring(`${path}/config.json`);
      if (/dense|weighted/i.test(path)) {
        if (!(await this.bring(`${path}/model.safetensors`))) await this.bring(`${path}/pytorch_model.bin`);
      }
    }
  }

  /** The weights in the format that is in the cache, or else in the first one that the model has. */
  async bringWeights(): Promise<void> {
    for (const { single, index } of weightFiles)
      if ((await this.has(single)) || ((await this.has(index)) && (await this.bringShards(index)))) return;
    for (const { single, index } of weightFiles) {
      if (await this.bring(single)) return;
      if (await this.bring(index)) {
        await this.bringShards(index);
        return;
      }
    }
    if (await this.bring('onnx/model.onnx')) await this.bring('onnx/model.onnx_data');
  }

  private async bringShards(index: string): Promise<boolean> {
    for (const shard of await this.listed(index, /:\s*"([\w.-]+\.(?:safetensors|bin))"/g))
      if (!(await this.bring(shard)))
        throw new InputError(`${nameOf(this.model)}: has no ${shard}, which its ${index} names`);
    return true;
  }

  private async has(file: string): Promise<boolean> {
    return (await this.cached.has(this.commit, file)) === true;
  }

  /** File or folder names that a JSON file of the snapshot mentions, each once; whoever uses the file checks it. */
  private async listed(file: string, pattern: RegExp): Promise<string[]> {
    if (!(await this.has(file))) return [];
    const text = await readFile(join(this.cached.snapshot(this.commit), file), 'utf8');
    return [...new Set(Array.from(text.matchAll(pattern), ([, name]) => name!))].filter((name) => !/^\.+$/.test(name));
  }

  private async fetchBlob(file: string, remote: RemoteFile): Promise<void> {
    const blob = this.cached.blob(remote.etag);
    const lock = join(this.cached.folder, '..', '.locks', 'sgpt-bench', `${remote.etag}.lock`);
    await withLock(lock, `the download of ${file} of ${this.model.id}`, async () => {
      if (await exists(blob)) return;
      const path = `${blob}.unchecked`;
      await this.download(file, remote, path);
      await requireContent(path, remote);
      await rename(path, blob);
    });
  }

  private async download(file: string, { url, bytes }: RemoteFile, path: string): Promise<void> {
    const { progress, signal, retry = defaultRetryPolicy } = this.options;
    const stage = progress?.stage(`${this.model.id} ${file}`, Math.ceil((bytes ?? 0) / 1000), 'kB');
    let shown = 0;
    try {
      await makeFolder(path);
      await downloadFile({
        url,
        path,
        bytes,
        retry,
        signal,
        headers: this.client.headers,
        advice: 'check HF_ENDPOINT and the network',
        onRetry: (reason) => progress?.note(`${file}: ${reason}; trying again`),
        onBytes(done) {
          const kilobytes = Math.floor(done / 1000);
          if (kilobytes > shown) stage?.advance(kilobytes - shown);
          shown = Math.max(shown, kilobytes);
        },
      });
    } finally {
      stage?.end();
    }
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw new InputError(
      `${dirname(path)}: cannot be made (${messageOf(error)}); set HF_HOME to a folder that can be written`,
    );
  }
}

/** @throws InputError, and deletes the file, where its content is not what its etag says */
async function requireContent(path: string, { url, etag }: RemoteFile): Promise<void> {
  const wrong = async (kind: string, found: string): Promise<never> => {
    await rm(path, { force: true });
    throw new InputError(`${url}: its ${kind} is ${found}, expected ${etag}; it was deleted; run the command again`);
  };
  if (/^[0-9a-f]{64}$/.test(etag)) {
    const found = await sha256OfFile(path);
    if (found !== etag) await wrong('SHA-256', found);
  } else if (/^[0-9a-f]{40}$/.test(etag)) {
    const [blob, plain] = await sha1OfFile(path);
    if (blob !== etag && plain !== etag) await wrong('git blob id', blob);
  }
}

/** The id that git gives a file's content, and the plain SHA-1, which some mirrors send as its ETag. */
async function sha1OfFile(path: string): Promise<[blob: string, plain: string]> {
  const blob = createHash('sha1').update(`blob ${(await stat(path)).size}\0`);
  const plain = createHash('sha1');
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      blob.update(chunk);
      plain.update(chunk);
    }
  });
  return [blob.digest('hex'), plain.digest('hex')];
}
