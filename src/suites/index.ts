/**
 * The table of suites. To add one: a file in this folder that describes it, a row here and, if its files have a layout of
 * their own, a reader in datasets/. Opening, downloading, tables, averages and gates read this table.
 */
import { unknownName } from '../core/errors.js';
import { beir } from './beir/index.js';
import { demo } from './demo.js';
import type { Suite, SuiteData, SuiteTask } from './suite.js';
import { demoUseb, useb } from './useb.js';

export type { CountCheck, OpenOptions, Suite, SuiteData, SuiteTask } from './suite.js';

/** All suites, in the order of reports. */
export const suites: readonly Suite[] = [beir, useb, demo, demoUseb];

/** The parts of a task's full name. */
export interface NamedTask {
  readonly suite: Suite;
  readonly task: SuiteTask;
  /** One of the task's parts; null for the task itself. */
  readonly part: string | null;
}

/** Finds a suite's task by its full name or an alias: `beir/nfcorpus`, `beir/cqadupstack/android`; undefined if none has it. */
export function findTask(name: string): NamedTask | undefined {
  const suite = suiteByPrefix(name);
  const [first, part, ...more] = name.slice((suite?.name.length ?? 0) + 1).split('/');
  const task = suite?.tasks.find((known) => hasName(known, first!));
  if (suite === undefined || task === undefined || more.length > 0) return undefined;
  if (part === undefined) return { suite, task, part: null };
  const found = task.parts.find((known) => keyOf(known) === keyOf(part));
  return found === undefined ? undefined : { suite, task, part: found };
}

/** The suite with the longest name that is a prefix of the task's name. */
export function suiteByPrefix(name: string): Suite | undefined {
  const [longest] = suites
    .filter((suite) => name.startsWith(`${suite.name}/`))
    .sort((a, b) => b.name.length - a.name.length);
  return longest;
}

/** A task's full name. */
export function nameOf({ suite, task, part }: NamedTask): string {
  return [suite.name, task.name, ...(part === null ? [] : [part])].join('/');
}

/** The split that the field reports for a task; `test` for a task that no suite lists. */
export function reportedSplit(task: string): string {
  return (findTask(task) ?? findTask(`beir/${task}`))?.task.split ?? 'test';
}

/** A part's task and number of parts: `beir/cqadupstack` for a forum. Undefined for any other task. */
export function parentOf(task: string): { readonly name: string; readonly parts: number } | undefined {
  const found = findTask(task);
  if (found?.part == null) return undefined;
  return { name: nameOf({ ...found, part: null }), parts: found.task.parts.length };
}

/**
 * Expands names of several tasks: `useb` to four, `beir/cqadupstack` to twelve. Aliases become full names; unknown names
 * stay as they are. Repetitions are dropped.
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

/** The task itself, or its parts if it has any. */
function partsOf({ suite, task, part }: NamedTask): string[] {
  const parts = part === null && task.parts.length > 0 ? task.parts : [part];
  return parts.map((one) => nameOf({ suite, task, part: one }));
}

/** All data that can be downloaded and verified. */
export const suiteData: readonly SuiteData[] = suites.flatMap(({ data }) => data);

/** Finds data by name or alias, with or without the suite's name as a prefix. @throws InputError for an unknown name */
export function dataOf(name: string): SuiteData {
  const suite = suiteByPrefix(name);
  const bare = suite === undefined ? name : name.slice(suite.name.length + 1);
  const found = (suite?.data ?? suiteData).find((data) => hasName(data, bare));
  if (found !== undefined) return found;
  const task = findTask(name);
  const whole = task?.suite.data.find((data) => hasName(data, task.task.name) || data.name === task.suite.name);
  if (whole !== undefined) return whole;
  throw unknownName(
    'data set',
    name,
    suiteData.map((data) => data.name),
  );
}

function hasName({ name, aliases }: Pick<SuiteTask, 'name' | 'aliases'>, wanted: string): boolean {
  return [name, ...aliases].some((known) => keyOf(known) === keyOf(wanted));
}

function keyOf(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}
