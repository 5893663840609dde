import { basename, resolve } from 'node:path';
import { InputError } from '../../core/errors.js';
import { kindOf } from '../../io/files.js';
import { snapshotOrigin } from './cache.js';
import { fetchModel, type FetchOptions } from './fetch-model.js';
import { hubSettings, parseHubId } from './settings.js';

/** Where a model's files are, and what it is called. */
export interface ModelSource {
  /** Absolute path. */
  readonly folder: string;
  /** Hub id, or the folder's name. */
  readonly id: string;
  /** Hub commit, or null for a folder. */
  readonly revision: string | null;
}

/**
 * Finds a model: a folder on this machine, or a hub id (`organisation/name`, `organisation/name@revision`), which is fetched
 * into the cache if need be. A folder goes before an id of the same name.
 * @throws InputError for what is neither
 */
export async function locateModel(model: string, options: Partial<FetchOptions> = {}): Promise<ModelSource> {
  const folder = resolve(model);
  const kind = await kindOf(folder);
  if (kind === 'folder') {
    const origin = snapshotOrigin(folder);
    return { folder, id: origin?.id ?? basename(folder), revision: origin?.revision ?? null };
  }
  if (kind === 'file')
    throw new InputError(`${model}: is a file; expected the model folder that holds config.json and weights`);
  const hub = parseHubId(model);
  if (hub === undefined)
    throw new InputError(
      `${model}: there is no such folder; expected a model folder with config.json and weights, or a hub id like organisation/name`,
    );
  const fetched = await fetchModel(hub, { ...options, settings: options.settings ?? hubSettings() });
  return { folder: fetched.folder, id: hub.id, revision: fetched.commit };
}
