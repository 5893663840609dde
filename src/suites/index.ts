import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RetrievalTask } from '../core/dataset.js';
import { InputError, unknownName } from '../core/errors.js';
import { kindOf } from '../io/files.js';
import { openBeirFolder } from '../datasets/beir-folder.js';
import { beirCatalogue, findBeirEntry, parseBeirTask, type BeirTaskName } from './beir/catalogue.js';
import { openTaskFile } from '../datasets/task-file.js';

export { openBeirFolder, splitsOf } from '../datasets/beir-folder.js';
export { beirCatalogue, beirEntry, expandTasks, type BeirEntry } from './beir/catalogue.js';
export { downloadDataset, downloadDatasets, type DownloadOptions } from './download.js';
export { readQrels } from '../datasets/qrels-file.js';
export { verifyDataset, type CountCheck } from './verify.js';

/** What is bundled with the program: name → folder, from this file's place in src or dist. */
const bundled: ReadonlyMap<string, string> = new Map([
  ['demo/computing', fileURLToPath(new URL('../../datasets/demo', import.meta.url))],
]);

/**
 * Opens a task by name: a bundled one, `beir/NAME` or `beir/cqadupstack/FORUM` (from `datasetsDir`), the path of a folder
 * in BEIR's layout, or that of a JSON task file.
 * @throws InputError for a name that is none of these
 */
export async function openTask(name: string, datasetsDir: string, split?: string): Promise<RetrievalTask> {
  const folder = bundled.get(name);
  if (folder !== undefined) return openBeirFolder(folder, name, split);
  if (name.startsWith('beir/')) return openBeirTask(name, datasetsDir, split);
  const kind = await kindOf(name);
  if (kind === 'folder') return openBeirFolder(name, basename(resolve(name)), split);
  if (kind === 'file') return openTaskFile(name, split);
  if (looksLikePath(name)) {
    throw new InputError(
      `${name}: there is no such file or folder; expected a folder in BEIR's layout, a JSON task file or a task's name`,
    );
  }
  throw unknownName('task', name, [...bundled.keys(), ...beirCatalogue.map((entry) => `beir/${entry.name}`)]);
}

async function openBeirTask(name: string, datasetsDir: string, split: string | undefined): Promise<RetrievalTask> {
  const task = parseBeirTask(name);
  if (task === undefined) return openUncatalogued(name, datasetsDir, split);
  const { entry, part } = task;
  if (part === undefined && entry.parts.length > 0) {
    const parts = entry.parts.map(({ name: forum }) => forum).join(', ');
    throw new InputError(
      `${name}: is ${entry.parts.length} data sets; name one of them: beir/${entry.name}/{${parts}}`,
    );
  }
  const path = [entry.name, ...(part === undefined ? [] : [part.name])];
  const folder = join(datasetsDir, ...path);
  if ((await kindOf(folder)) !== 'folder') throw notThere(name, folder, task);
  return openBeirFolder(folder, ['beir', ...path].join('/'), split, entry);
}

/** A folder among the downloaded ones that BEIR does not have: the user's own. */
async function openUncatalogued(name: string, datasetsDir: string, split: string | undefined): Promise<RetrievalTask> {
  const path = name.slice('beir/'.length);
  const folder = join(datasetsDir, path);
  if (!path.split('/').includes('..') && (await kindOf(folder)) === 'folder')
    return openBeirFolder(folder, name, split);
  const parts = findBeirEntry(path.split('/')[0] ?? '')?.parts ?? [];
  if (parts.length > 0) {
    throw unknownName(
      'part',
      path.split('/').slice(1).join('/'),
      parts.map((part) => part.name),
    );
  }
  throw unknownName(
    'task',
    name,
    beirCatalogue.map((entry) => `beir/${entry.name}`),
  );
}

function notThere(name: string, folder: string, { entry }: BeirTaskName): InputError {
  const remedy =
    entry.howToBring === null
      ? `get it with: sgpt-bench datasets download ${entry.name}`
      : `it cannot be downloaded: ${entry.howToBring}`;
  return new InputError(`${name}: not found at ${folder}; ${remedy}`);
}

function looksLikePath(name: string): boolean {
  return /[/\\]|\.json$/i.test(name) && !name.startsWith('demo/') && !name.startsWith('useb/');
}
