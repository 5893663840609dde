import { basename, resolve } from 'node:path';
import { InputError, unknownName } from '../core/errors.js';
import type { Task } from '../core/task.js';
import { openBeirFolder } from '../datasets/beir-folder.js';
import { openTaskFile } from '../datasets/task-file.js';
import { kindOf } from '../io/files.js';
import { findTask, nameOf, suiteByPrefix, suites, type OpenOptions } from './index.js';

/**
 * Opens a task: by its full name (`beir/nfcorpus`, `useb/askubuntu`, `demo/computing`), or by the path of a folder in
 * BEIR's layout or of a JSON task file. Names of several tasks must be expanded with `expandTasks` first.
 * @throws InputError for an unknown name, and for data that is missing or damaged
 */
export async function openTask(name: string, options: OpenOptions): Promise<Task> {
  const found = findTask(name);
  if (found !== undefined) return found.suite.open(found.task, found.part, options);
  const suite = suiteByPrefix(name);
  const rest = name.slice((suite?.name.length ?? 0) + 1);
  const unlisted = await suite?.openUnlisted?.(rest, options);
  if (unlisted !== undefined) return unlisted;
  const kind = await kindOf(name);
  if (kind === 'folder') return openBeirFolder(name, basename(resolve(name)), options.split);
  if (kind === 'file') return openTaskFile(name, options.split);
  const parent = findTask(name.split('/').slice(0, -1).join('/'));
  if (parent !== undefined && parent.task.parts.length > 0)
    throw unknownName('part', name.split('/').at(-1)!, parent.task.parts);
  if (suite === undefined && /[/\\]|\.json$/i.test(name))
    throw new InputError(
      `${name}: there is no such file or folder; expected a folder in BEIR's layout, a JSON task file or a task's name`,
    );
  const known = (suite === undefined ? suites : [suite]).flatMap((one) =>
    one.tasks.map((task) => nameOf({ suite: one, task, part: null })),
  );
  throw unknownName('task', name, known);
}

/** Releases a task's file handles. */
export async function closeTask(task: Task): Promise<void> {
  if (task.kind === 'retrieval') await task.corpus.close();
}
