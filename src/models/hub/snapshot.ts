import { readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError, messageOf } from '../../core/errors.js';
import type { Progress } from '../../core/progress.js';
import { downloadFile } from '../../io/download.js';
import { exists, maxJsonBytes } from '../../io/files.js';
import { makeFolder } from '../../io/folders.js';
import { withLock } from '../../io/lock.js';
import { defaultRetryPolicy, type RetryPolicy } from '../../io/retry.js';
import type { CachedModel } from './cache.js';
import { modelCatalogue } from './catalogue.js';
import { nameOf, type HubClient, type RemoteFile } from './client.js';
import { requireContent } from './content-check.js';
import type { HubModel, HubSettings } from './settings.js';

export interface FetchOptions {
  readonly settings: HubSettings;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** An ONNX export to fetch instead of the weights. */
  readonly onnxFile?: string | null | undefined;
  /** False for a `model_type` whose weights cannot be run, so that an ONNX export is fetched if there is one. */
  readonly isSupported?: ((modelType: string) => boolean) | undefined;
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

/** A commit to download, and the cache and the client to use. */
interface SnapshotSource {
  readonly model: HubModel;
  readonly commit: string;
  readonly cached: CachedModel;
  readonly client: HubClient;
  readonly options: FetchOptions;
}

/** Downloads the files of one commit into the cache. */
export class Snapshot {
  constructor(private readonly snapshot: SnapshotSource) {}

  /** Downloads everything that is needed to run the model. */
  async fetch(): Promise<void> {
    for (const file of ['config.json', ...smallFiles]) await this.fetchFile(file);
    await this.fetchModules();
    if (!(await this.fetchExport())) await this.fetchWeights();
  }

  /** Adds a file to the snapshot. @returns false if the model has no such file */
  private async fetchFile(file: string): Promise<boolean> {
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
  private async fetchModules(): Promise<void> {
    for (const path of await this.namesIn('modules.json', /"path"\s*:\s*"([\w.-]+)"/g)) {
      await this.fetchFile(`${path}/config.json`);
      if (/dense|weighted|norm/i.test(path) && !/normalize/i.test(path)) {
        if (!(await this.fetchFile(`${path}/model.safetensors`))) await this.fetchFile(`${path}/pytorch_model.bin`);
      }
    }
  }

  /** Adds the weights in the format that is cached already, otherwise in the first format that the model has. */
  private async fetchWeights(): Promise<void> {
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
    await this.fetchOnnx('onnx/model.onnx');
  }

  /** Adds the export that is asked for, or the usual one of a model whose weights cannot be run. @returns false for none */
  private async fetchExport(): Promise<boolean> {
    const { onnxFile, isSupported } = this.snapshot.options;
    if (onnxFile != null) {
      if ((await this.fetchOnnx(onnxFile)) || (await this.fetchOnnx(`onnx/${onnxFile}`))) return true;
      throw new InputError(`${nameOf(this.snapshot.model)}: has no ${onnxFile}; choose another --onnx-file`);
    }
    const [modelType] = await this.namesIn('config.json', /"model_type"\s*:\s*"([\w.-]+)"/g);
    if (modelType === undefined || isSupported?.(modelType) !== false) return false;
    return this.fetchOnnx('onnx/model.onnx');
  }

  private async fetchOnnx(file: string): Promise<boolean> {
    if (!(await this.fetchFile(file))) return false;
    await this.fetchFile(`${file}_data`);
    return true;
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
      await makeFolder(dirname(path)).catch((error: unknown) => {
        throw new InputError(`${messageOf(error)}; set HF_HOME to a writable folder`, { cause: error });
      });
      await downloadFile({
        url,
        path,
        bytes,
        maxBytes: maxFileBytes(this.snapshot.model, file),
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

/**
 * Limit of a file whose size the hub does not say: for weights of a model of the catalogue, eight bytes per parameter and a
 * gigabyte; undefined, so that the general limit holds, for those of other models; for other files, what is read of them.
 */
function maxFileBytes({ id }: HubModel, file: string): number | undefined {
  if (file.endsWith('.json')) return maxJsonBytes;
  const known = modelCatalogue.find((model) => model.id === id);
  return known === undefined ? undefined : known.millions * 8e6 + 1e9;
}
