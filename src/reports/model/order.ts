import { compareCodePoints } from '../../core/text.js';

/** Order of suites; others follow by name. */
const suites = ['BEIR', 'USEB'];

/** The BEIR paper's order of its data sets (table 1), and USEB's own. */
const taskOrder = [
  ...['msmarco', 'trec-covid', 'bioasq', 'nfcorpus', 'nq', 'hotpotqa', 'fiqa', 'signal1m', 'trec-news', 'robust04'],
  ...['arguana', 'webis-touche2020', 'cqadupstack', 'quora', 'dbpedia-entity', 'scidocs', 'fever', 'climate-fever'],
  ...['scifact', 'useb/askubuntu', 'useb/cqadupstack', 'useb/twitterpara', 'useb/scidocs'],
];

/** Data sets that BEIR does not distribute. */
const restrictedTasks = new Set(['bioasq', 'signal1m', 'trec-news', 'robust04']);

/** Kinds of runner from the left of a table to its right; the oracle, a ceiling, comes last. */
const runnerOrder = ['bm25', 'bi-encoder', 'cross-encoder', 'remote'];

export const FORUMS_OF_CQADUPSTACK = 12;
const forumPattern = /^((?:beir\/)?cqadupstack)\/[^/]+$/;

/** The suite that a task is averaged in: `BEIR`, `USEB`, or the folder that it is named in. */
export function suiteOf(task: string): string {
  if (task.startsWith('beir/')) return 'BEIR';
  if (task.startsWith('useb/')) return 'USEB';
  return task.includes('/') ? task.slice(0, task.lastIndexOf('/')) : 'Other';
}

/** USEB's average is over four tasks with a main measure each; elsewhere means of different measures say nothing. */
export function mixesMeasures(suite: string): boolean {
  return /(?:^|\/)useb$/i.test(suite);
}

/** Whether retrieval models are trained on the task's own training set. */
export function isInDomain(task: string): boolean {
  return task === 'beir/msmarco';
}

/** `beir/cqadupstack` for one of its forums, otherwise undefined. */
export function parentTask(task: string): string | undefined {
  return forumPattern.exec(task)?.[1];
}

export function isRestricted(task: string): boolean {
  return restrictedTasks.has(task.replace(/^beir\//, ''));
}

export function compareSuites(a: string, b: string): number {
  return rankIn(suites, a) - rankIn(suites, b) || compareCodePoints(a, b);
}

export function compareTasks(a: string, b: string): number {
  const [x, y] = [a, b].map((task) => task.replace(/^beir\//, '')) as [string, string];
  return rankIn(taskOrder, x) - rankIn(taskOrder, y) || compareCodePoints(a, b);
}

/** What columns are ordered by. */
interface Ordered {
  readonly runner: string;
  readonly family: string;
  readonly parameters: number | null;
  readonly label: string;
}

/** By kind of runner, family, size, label. */
export function compareSystems(a: Ordered, b: Ordered): number {
  return (
    rankIn(runnerOrder, a.runner) - rankIn(runnerOrder, b.runner) ||
    Number(a.runner === 'oracle') - Number(b.runner === 'oracle') ||
    compareCodePoints(a.family, b.family) ||
    (a.parameters ?? 0) - (b.parameters ?? 0) ||
    compareCodePoints(a.label, b.label)
  );
}

function rankIn(order: readonly string[], name: string): number {
  const at = order.indexOf(name);
  return at < 0 ? order.length : at;
}
