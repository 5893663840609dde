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

/** Files that a model may have besides config.json and its weights. */
const smallFiles = [
  'adapter_config.json',
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
 * Downloads the files that are needed to run a model into the cache, unless they are cached already, and returns the
 * snapshot's folder. All files are of the same commit. Interrupted downloads of large files are resumed. Contents are
 * checked against the hub's SHA-256 or git blob id before they get their final names.
 * @throws InputError for a model that does not exist or is not accessible, for contents with another hash, and if the
 * hub cannot be reached and the cache does not have the model
 */
export async function fetchModel(model: HubModel, options: FetchOptions): Promise<FetchedModel> {
  const { settings, signal, retry = defaultRetryPolicy } = options;
  const cached = new CachedModel(settings.cache, model.id);
  if (settings.offline) return fromCache(model, cached, 'HF_HUB_OFFLINE is set');
  const client = new HubClient(model.id, { settings, retry, signal });
  try {
    const commit = await commitOf(model, cached, client);
    const files = new SnapshotFetcher({ model, commit, cached, client, options });
    for (const file of ['config.json', ...smallFiles]) await files.fetchFile(file);
    await files.fetchModules();
    await files.fetchWeights();
    await cached.rememberCommit(model.revision, commit);
    return { folder: cached.snapshot(commit), commit };
  } catch (error) {
    if (!(error instanceof HubUnreachable)) throw error;
    const found = await fromCache(model, cached, error.message).catch(() => {
      throw error;
    });
    options.progress?.note(`${nameOf(model)}: ${settings.endpoint} cannot be reached; using the cached files`);
    return found;
  }
}

async function fromCache(model: HubModel, cached: CachedModel, why: string): Promise<FetchedModel> {
  const commit = await cached.commitOf(model.revision);
  const isCached = async (file: string): Promise<boolean> =>
    commit !== undefined && (await cached.has(commit, file)) === true;
  if (commit !== undefined && ((await isCached('config.json')) || (await isCached('adapter_config.json'))))
    return { folder: cached.snapshot(commit), commit };
  throw new InputError(
    `${nameOf(model)}: is not in the cache at ${cached.folder}, and ${why}; download it once while online`,
  );
}

/**
 * The commit of a model's revision. The hub is asked for branches and tags, which may have moved, and for new commits.
 */
async function commitOf(model: HubModel, cached: CachedModel, client: HubClient): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(model.revision) && (await cached.has(model.revision, 'config.json')) === true)
    return model.revision;
  const config =
    (await client.describe(model.revision, 'config.json')) ??
    (await client.describe(model.revision, 'adapter_config.json'));
  if (config !== undefined) return config.commit;
  throw new InputError(`${nameOf(model)}: the hub has no such model, or one without config.json; check the id`);
}

/** A commit to download, and the cache and the client to use. */
interface Snapshot {
  readonly model: HubModel;
  readonly commit: string;
  readonly cached: CachedModel;
  readonly client: HubClient;
  readonly options: FetchOptions;
}

/** Downloads the files of one commit into the cache. */
class SnapshotFetcher {
  constructor(private readonly snapshot: Snapshot) {}

  /** Adds a file to the snapshot. @returns false if the model has no such file */
  async fetchFile(file: string): Promise<boolean> {
    const { cached, commit } = this.snapshot;
    const known = await cached.has(commit, file);
    if (known !== undefined) return known;
    const remote = await this.snapshot.client.describe(commit, file);
    if (remote === undefined) {
      await cached.rememberMissing(commit, file);
      return false;
    }
    if (remote.commit !== commit)
      throw new InputError(`${remote.url}: is of commit ${remote.commit}, expected ${commit}; check HF_ENDPOINT`);
    await this.fetchBlob(file, remote);
    await cached.link(commit, file, remote.etag);
    return true;
  }

  /** Adds the configurations and weights of a sentence-transformers model's modules. */
  async fetchModules(): Promise<void> {
    for (const path of await this.namesIn('modules.json', /"path"\s*:\s*"([\w.-]+)"/g)) {
      await this.fetchFile(`${path}/config.json`);
      if (/dense|weighted/i.test(path)) {
        if (!(await this.fetchFile(`${path}/model.safetensors`))) await this.fetchFile(`${path}/pytorch_model.bin`);
      }
    }
  }

  /** Adds the weights in the format that is cached already, otherwise in the first format that the model has. */
  async fetchWeights(): Promise<void> {
    if (await this.has('adapter_config.json')) {
      if (await this.fetchFile('adapter_model.safetensors')) return;
      if (await this.fetchFile('adapter_model.bin')) return;
    }
    for (const { single, index } of weightFiles)
      if ((await this.has(single)) || ((await this.has(index)) && (await this.fetchShards(index)))) return;
    for (const { single, index } of weightFiles) {
      if (await this.fetchFile(single)) return;
      if (await this.fetchFile(index)) {
        await this.fetchShards(index);
        return;
      }
    }
    if (await this.fetchFile('onnx/model.onnx')) await this.fetchFile('onnx/model.onnx_data');
  }

  private async fetchShards(index: string): Promise<boolean> {
    for (const shard of await this.namesIn(index, /:\s*"([\w.-]+\.(?:safetensors|bin))"/g))
      if (!(await this.fetchFile(shard)))
        throw new InputError(`${nameOf(this.snapshot.model)}: has no ${shard}, which its ${index} names`);
    return true;
  }

  private async has(file: string): Promise<boolean> {
    return (await this.snapshot.cached.has(this.snapshot.commit, file)) === true;
  }

  /** File or folder names in a JSON file of the snapshot, each once. The file's format is checked when it is used. */
  private async namesIn(file: string, pattern: RegExp): Promise<string[]> {
    if (!(await this.has(file))) return [];
    const text = await readFile(join(this.snapshot.cached.snapshot(this.snapshot.commit), file), 'utf8');
    return [...new Set(Array.from(text.matchAll(pattern), ([, name]) => name!))].filter((name) => !/^\.+$/.test(name));
  }

  private async fetchBlob(file: string, remote: RemoteFile): Promise<void> {
    const blob = this.snapshot.cached.blob(remote.etag);
    const lock = join(this.snapshot.cached.folder, '..', '.locks', 'sgpt-bench', `${remote.etag}.lock`);
    await withLock(lock, `the download of ${file} of ${this.snapshot.model.id}`, async () => {
      if (await exists(blob)) return;
      const path = `${blob}.unchecked`;
      await this.download(file, remote, path);
      await requireContent(path, remote);
      await rename(path, blob);
    });
  }

  private async download(file: string, { url, bytes }: RemoteFile, path: string): Promise<void> {
    const { progress, signal, retry = defaultRetryPolicy } = this.snapshot.options;
    const stage = progress?.stage(`${this.snapshot.model.id} ${file}`, Math.ceil((bytes ?? 0) / 1000), 'kB');
    let shown = 0;
    try {
      await makeFolder(path);
      await downloadFile({
        url,
        path,
        bytes,
        retry,
        signal,
        headers: this.snapshot.client.headers,
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
    throw new InputError(`${dirname(path)}: cannot be created (${messageOf(error)}); set HF_HOME to a writable folder`);
  }
}

/** Checks a file's content against its etag. @throws InputError, after deleting the file, if it differs */
async function requireContent(path: string, { url, etag }: RemoteFile): Promise<void> {
  const wrong = async (kind: string, found: string): Promise<never> => {
    await rm(path, { force: true });
    throw new InputError(
      `${url}: its ${kind} is ${found}, expected ${etag}; the file was deleted; run the command again`,
    );
  };
  if (/^[0-9a-f]{64}$/.test(etag)) {
    const found = await sha256OfFile(path);
    if (found !== etag) await wrong('SHA-256', found);
  } else if (/^[0-9a-f]{40}$/.test(etag)) {
    const [blob, plain] = await sha1OfFile(path);
    if (blob !== etag && plain !== etag) await wrong('git blob id', blob);
  }
}

/** The git blob id of a file, and its plain SHA-1, which some mirrors send as the ETag. */
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
