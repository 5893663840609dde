import { compareCodePoints } from '../../core/text.js';
import { findRunnerKind, runnerKinds } from '../../runners/index.js';
import { findTask, suiteByPrefix, suites } from '../../suites/index.js';

/** Title of the suite in which a task is averaged: `BEIR`, `USEB`, or the folder in its name. */
export function suiteOf(task: string): string {
  const suite = suiteByPrefix(task);
  if (suite !== undefined) return suite.title;
  return task.includes('/') ? task.slice(0, task.lastIndexOf('/')) : 'Other';
}

/** True if the suite averages over different measures; in other suites such a mean would be meaningless. */
export function mixesMeasures(title: string): boolean {
  return suites.find((suite) => suite.title === title)?.mixesMeasures === true;
}

/** True if a task counts in its suite's average; tasks that models are trained on do not. */
export function isInAverage(task: string): boolean {
  return findTask(task)?.task.inAverage !== false;
}

/** True if the data is not public. */
export function isRestricted(task: string): boolean {
  return findTask(task)?.task.isPublic === false;
}

export function compareSuites(a: string, b: string): number {
  const titles = suites.map(({ title }) => title);
  return rankIn(titles, a) - rankIn(titles, b) || compareCodePoints(a, b);
}

/** Orders tasks by suite, by the order of its paper, then by name. */
export function compareTasks(a: string, b: string): number {
  return rankOfTask(a) - rankOfTask(b) || compareCodePoints(a, b);
}

function rankOfTask(name: string): number {
  const found = findTask(name);
  if (found === undefined) return Infinity;
  return suites.indexOf(found.suite) * 1000 + found.suite.tasks.indexOf(found.task);
}

/** Sort keys of a column. */
interface SortableSystem {
  readonly runner: string;
  readonly family: string;
  readonly parameters: number | null;
  readonly label: string;
}

/** Orders systems by kind of runner (bounds last), family, size, label. */
export function compareSystems(a: SortableSystem, b: SortableSystem): number {
  return (
    Number(isBound(a.runner)) - Number(isBound(b.runner)) ||
    rankOfRunner(a.runner) - rankOfRunner(b.runner) ||
    compareCodePoints(a.family, b.family) ||
    (a.parameters ?? 0) - (b.parameters ?? 0) ||
    compareCodePoints(a.label, b.label)
  );
}

/** True if systems of this runner are bounds (the oracle), which cannot be the best of a table. */
export function isBound(runner: string): boolean {
  return findRunnerKind(runner)?.type === 'bound';
}

/** True if a runner re-ranks the candidates of a first stage. */
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
