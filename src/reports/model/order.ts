import { compareCodePoints } from '../../core/text.js';
import { findRunnerKind, runnerKinds } from '../../runners/index.js';
import { findTask, suiteByPrefix, suites } from '../../suites/index.js';

/** The suite that a task is averaged in, by its title: `BEIR`, `USEB`, or the folder that it is named in. */
export function suiteOf(task: string): string {
  const suite = suiteByPrefix(task);
  if (suite !== undefined) return suite.title;
  return task.includes('/') ? task.slice(0, task.lastIndexOf('/')) : 'Other';
}

/** Whether a suite's average is over different measures; elsewhere a mean of different measures says nothing. */
export function mixesMeasures(title: string): boolean {
  return suites.find((suite) => suite.title === title)?.mixesMeasures === true;
}

/** Whether a task counts in its suite's average: one that models are trained on does not. */
export function isInAverage(task: string): boolean {
  return findTask(task)?.task.inAverage !== false;
}

/** Whether the data is not to be had by everyone. */
export function isRestricted(task: string): boolean {
  return findTask(task)?.task.isPublic === false;
}

export function compareSuites(a: string, b: string): number {
  const titles = suites.map(({ title }) => title);
  return rankIn(titles, a) - rankIn(titles, b) || compareCodePoints(a, b);
}

/** By suite and by the order of its paper; then by name. */
export function compareTasks(a: string, b: string): number {
  return rankOfTask(a) - rankOfTask(b) || compareCodePoints(a, b);
}

function rankOfTask(name: string): number {
  const found = findTask(name);
  if (found === undefined) return Infinity;
  return suites.indexOf(found.suite) * 1000 + found.suite.tasks.indexOf(found.task);
}

/** What columns are ordered by. */
interface Ordered {
  readonly runner: string;
  readonly family: string;
  readonly parameters: number | null;
  readonly label: string;
}

/** By kind of runner (bounds last), family, size, label. */
export function compareSystems(a: Ordered, b: Ordered): number {
  return (
    Number(isBound(a.runner)) - Number(isBound(b.runner)) ||
    rankOfRunner(a.runner) - rankOfRunner(b.runner) ||
    compareCodePoints(a.family, b.family) ||
    (a.parameters ?? 0) - (b.parameters ?? 0) ||
    compareCodePoints(a.label, b.label)
  );
}

/** Whether a system of this runner is a bound (the oracle): no system to be the best of a table. */
export function isBound(runner: string): boolean {
  return findRunnerKind(runner)?.type === 'bound';
}

/** Whether a runner re-ranks what a first stage found. */
export function reranks(runner: string): boolean {
  return findRunnerKind(runner)?.reranks === true;
}

function rankOfRunner(runner: string): number {
  return rankIn(
    runnerKinds.map(({ name }) => name),
    runner,
  );
}

function rankIn(order: readonly string[], name: string): number {
  const at = order.indexOf(name);
  return at < 0 ? order.length : at;
}
