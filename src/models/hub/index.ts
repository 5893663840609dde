import { basename, resolve } from 'node:path';
import { InputError } from '../../core/errors.js';
import { kindOf } from '../../io/files.js';
import { snapshotOrigin } from './cache.js';
import { fetchModel } from './fetch-model.js';
import { hubSettings, parseHubId } from './settings.js';
import type { FetchOptions } from './snapshot.js';

/** The folder and the name of a model. */
export interface ModelLocation {
  /** Absolute path. */
  readonly folder: string;
  /** Hub id, or the folder's name. */
  readonly id: string;
  /** Hub commit, or null for a local folder. */
  readonly revision: string | null;
}

/**
 * Finds a model: a local folder, or a hub id (`organisation/name`, `organisation/name@revision`), which is downloaded
 * into the cache if necessary. A folder takes precedence over an id of the same name.
 * @throws InputError if it is neither
 */
export async function locateModel(model: string, options: Partial<FetchOptions> = {}): Promise<ModelLocation> {
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
