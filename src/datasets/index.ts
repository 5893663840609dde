import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, unknownName } from '../core/errors.js';
import { kindOf } from '../core/files.js';
import type { RetrievalTask } from '../core/dataset.js';
import { openBeirFolder } from './beir.js';

export { openBeirFolder, splitsOf } from './beir.js';
export { readQrels } from './qrels-file.js';

/** What is bundled with the program: name → folder, from this file's place in src or dist. */
const bundled: Readonly<Record<string, string>> = {
  'demo/computing': fileURLToPath(new URL('../../datasets/demo', import.meta.url)),
};

/**
 * Opens a task by name: a bundled one, `beir/NAME` (from `datasetsDir`), or the path of a folder in BEIR's layout.
 * @throws InputError for a name that is none of these
 */
export async function openTask(name: string, datasetsDir: string, split?: string): Promise<RetrievalTask> {
  const folder = bundled[name];
  if (folder !== undefined && Object.hasOwn(bundled, name)) return openBeirFolder(folder, name, split);
  if (name.startsWith('beir/')) {
    const local = join(datasetsDir, name.slice('beir/'.length));
    if ((await kindOf(local)) === 'folder') return openBeirFolder(local, name, split);
    throw new InputError(`${name}: not found at ${local}; put the data set's folder there, or give the folder's path`);
  }
  if ((await kindOf(name)) === 'folder') return openBeirFolder(name, basename(resolve(name)), split);
  if (name.includes('/') && (await kindOf(name)) === 'missing' && !name.startsWith('demo/')) {
    throw new InputError(`${name}: there is no such folder; expected a data set in BEIR's layout or a task's name`);
  }
  throw unknownName('task', name, [...Object.keys(bundled), 'beir/NAME']);
}
