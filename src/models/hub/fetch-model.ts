import { InputError } from '../../core/errors.js';
import { defaultRetryPolicy } from '../../io/retry.js';
import { CachedModel } from './cache.js';
import { HubClient, HubUnreachable, nameOf } from './client.js';
import type { HubModel } from './settings.js';
import { Snapshot, type FetchOptions } from './snapshot.js';

/** A model's files on this machine. */
export interface FetchedModel {
  readonly folder: string;
  readonly commit: string;
}

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
    await new Snapshot({ model, commit, cached, client, options }).fetch();
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

/** Files that every model has one of: its configuration, or that of an adapter. */
const configFiles = ['config.json', 'adapter_config.json'];

async function fromCache(model: HubModel, cached: CachedModel, why: string): Promise<FetchedModel> {
  const commit = await cached.commitOf(model.revision);
  if (commit !== undefined)
    for (const file of configFiles)
      if ((await cached.has(commit, file)) === true) return { folder: cached.snapshot(commit), commit };
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
  for (const file of configFiles) {
    const config = await client.describe(model.revision, file);
    if (config !== undefined) return config.commit;
  }
  throw new InputError(`${nameOf(model)}: the hub has no such model, or one without config.json; check the id`);
}
