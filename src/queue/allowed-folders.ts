import { realpath } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { isHosted } from '../core/system-spec.js';
import { isHubId } from '../runners/model-name.js';
import { findTask, suiteByPrefix } from '../suites/index.js';
import { JobRefusal } from './refusals.js';

/** Folders whose data sets and models a job may name. What lies below them is trusted, with the links in it. */
export interface AllowedFolders {
  readonly tasks: readonly string[];
  readonly models: readonly string[];
}

/**
 * What to open for a job's task: a name from the table of suites, or a path. A path that is not on this machine is looked
 * for by its last part in the folder of data sets.
 * @throws JobRefusal for a path that is not below an allowed folder
 */
export async function allowedTask(name: string, datasetsDir: string, { tasks }: AllowedFolders): Promise<string> {
  if (findTask(name) !== undefined) return name;
  const suite = suiteByPrefix(name);
  const rest = suite === undefined ? [] : name.slice(suite.name.length + 1).split('/');
  if (rest.length > 0 && !rest.includes('..') && (await isAllowed(join(datasetsDir, ...rest), tasks))) return name;
  if (await isAllowed(name, tasks)) return name;
  const local = join(datasetsDir, basename(name));
  if (await isAllowed(local, tasks)) return local;
  throw notAllowed(name, 'the data set', '--datasets-dir');
}

/**
 * Checks a job's model: hub ids come through the cache, and paths are below an allowed folder.
 * @throws JobRefusal for any other path, and for hosted models
 */
export async function requireAllowedModel(model: string | null, { models }: AllowedFolders): Promise<void> {
  if (model === null) return;
  if (isHosted(model))
    throw new JobRefusal(`${model}: is a hosted model, which a worker does not ask on behalf of a job`);
  if (await isAllowed(model, models)) return;
  // As for a run, a folder goes before a hub id of the same name.
  if (isHubId(model) && (await realPath(model)) === undefined) return;
  throw notAllowed(model, 'the model', './models and the cache of the hub');
}

function notAllowed(name: string, what: string, where: string): JobRefusal {
  return new JobRefusal(
    `${name}: ${what} is not below a folder that this worker may open for a job (${where}); ` +
      'copy it there, or allow its folder with: worker --allow FOLDER',
  );
}

/** True if there is something at the path which, after following all links, is below one of these folders. */
async function isAllowed(path: string, folders: readonly string[]): Promise<boolean> {
  const found = await realPath(path);
  if (found === undefined) return false;
  for (const folder of folders) {
    const root = await realPath(folder);
    if (root !== undefined && (found === root || found.startsWith(root.endsWith(sep) ? root : root + sep))) return true;
  }
  return false;
}

/** The absolute path without links; undefined if there is nothing, or it cannot be seen. */
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(resolve(path));
  } catch {
    return undefined;
  }
}
