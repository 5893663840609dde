/**
 * The table of suites. To add one: a file beside this one that describes it, a row here, and a reader in datasets/ where its
 * files have a layout of their own. Opening, downloading, tables, averages and gates read this table.
 */
import { unknownName } from '../core/errors.js';
import { beir } from './beir/index.js';
import { demo } from './demo.js';
import type { Suite, SuiteData, SuiteTask } from './suite.js';
import { demoUseb, useb } from './useb.js';

export type { CountCheck, OpenOptions, Suite, SuiteData, SuiteTask } from './suite.js';

/** In the order in which reports show them. */
export const suites: readonly Suite[] = [beir, useb, demo, demoUseb];

/** A task's name taken apart. */
export interface NamedTask {
  readonly suite: Suite;
  readonly task: SuiteTask;
  /** One of the task's parts, or null for the task itself. */
  readonly part: string | null;
}

/** The task of a suite that a name is of: `beir/nfcorpus`, `beir/cqadupstack/android`, or an alias of one; undefined for others. */
export function findTask(name: string): NamedTask | undefined {
  const suite = suiteByPrefix(name);
  const [first, part, ...more] = name.slice((suite?.name.length ?? 0) + 1).split('/');
  const task = suite?.tasks.find((known) => isCalled(known, first!));
  if (suite === undefined || task === undefined || more.length > 0) return undefined;
  if (part === undefined) return { suite, task, part: null };
  const found = task.parts.find((known) => keyOf(known) === keyOf(part));
  return found === undefined ? undefined : { suite, task, part: found };
}

/** The suite that a task's name begins with, the longest such name. */
export function suiteByPrefix(name: string): Suite | undefined {
  const [longest] = suites
    .filter((suite) => name.startsWith(`${suite.name}/`))
    .sort((a, b) => b.name.length - a.name.length);
  return longest;
}

/** The catalogue's name of a task. */
export function nameOf({ suite, task, part }: NamedTask): string {
  return [suite.name, task.name, ...(part === null ? [] : [part])].join('/');
}

/** The split that the field reports of a task; `test` of one that no suite lists. */
export function reportedSplit(task: string): string {
  return (findTask(task) ?? findTask(`beir/${task}`))?.task.split ?? 'test';
}

/** The task that a part belongs to, and how many parts that has: `beir/cqadupstack` for a forum. Undefined for others. */
export function parentOf(task: string): { readonly name: string; readonly parts: number } | undefined {
  const found = findTask(task);
  if (found?.part == null) return undefined;
  return { name: nameOf({ ...found, part: null }), parts: found.task.parts.length };
}

/**
 * Replaces names that stand for several tasks by these: `useb` is four, `beir/cqadupstack` twelve. Aliases become the
 * catalogue's names; other names stay as they are. No task is there twice.
 */
export function expandTasks(names: readonly string[]): string[] {
  const expanded = names.flatMap((name) => {
    const suite = suites.find((known) => known.name === name);
    if (suite !== undefined) return suite.tasks.flatMap((task) => partsOf({ suite, task, part: null }));
    const found = findTask(name);
    return found === undefined ? [name] : partsOf(found);
  });
  return [...new Set(expanded)];
}

/** The task itself, or its parts where it has some. */
function partsOf({ suite, task, part }: NamedTask): string[] {
  const parts = part === null && task.parts.length > 0 ? task.parts : [part];
  return parts.map((one) => nameOf({ suite, task, part: one }));
}

/** Everything that can be downloaded and verified. */
export const suiteData: readonly SuiteData[] = suites.flatMap(({ data }) => data);

/** Data by its name or an alias; a suite's name may stand before it. @throws InputError for an unknown name */
export function dataOf(name: string): SuiteData {
  const suite = suiteByPrefix(name);
  const bare = suite === undefined ? name : name.slice(suite.name.length + 1);
  const found = (suite?.data ?? suiteData).find((data) => isCalled(data, bare));
  if (found !== undefined) return found;
  const task = findTask(name);
  const whole = task?.suite.data.find((data) => isCalled(data, task.task.name) || data.name === task.suite.name);
  if (whole !== undefined) return whole;
  throw unknownName(
    'data set',
    name,
    suiteData.map((data) => data.name),
  );
}

function isCalled({ name, aliases }: Pick<SuiteTask, 'name' | 'aliases'>, wanted: string): boolean {
  return [name, ...aliases].some((known) => keyOf(known) === keyOf(wanted));
}

function keyOf(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}
