import { unknownName } from '../../core/errors.js';
import { beirEntries } from './entries.js';
import type { BeirEntry, PartCounts } from './entry.js';

export type { Archive, BeirEntry, PartCounts, SplitCounts } from './entry.js';

/** Every data set of BEIR, in the order of its table. */
export const beirCatalogue: readonly BeirEntry[] = beirEntries;

/** The entry of this name or alias, or undefined. */
export function findBeirEntry(name: string): BeirEntry | undefined {
  const key = keyOf(name);
  return beirCatalogue.find((entry) => [entry.name, ...entry.aliases].some((known) => keyOf(known) === key));
}

/** As {@link findBeirEntry}; `beir/` may stand before the name. @throws InputError for an unknown name */
export function beirEntry(name: string): BeirEntry {
  const entry = findBeirEntry(name.replace(/^beir\//, ''));
  if (entry !== undefined) return entry;
  throw unknownName(
    'data set',
    name,
    beirCatalogue.map((known) => known.name),
  );
}

/** A name of the catalogue in a task's name: `beir/ENTRY` or `beir/ENTRY/PART`. */
export interface BeirTaskName {
  readonly entry: BeirEntry;
  readonly part: PartCounts | undefined;
}

/** Takes a task's name apart. Undefined unless it is `beir/` and a known entry, with a known part or none. */
export function parseBeirTask(task: string): BeirTaskName | undefined {
  const [suite, name, partName, ...rest] = task.split('/');
  const entry = suite === 'beir' && name !== undefined && rest.length === 0 ? findBeirEntry(name) : undefined;
  if (entry === undefined) return undefined;
  if (partName === undefined) return { entry, part: undefined };
  const part = entry.parts.find((known) => keyOf(known.name) === keyOf(partName));
  return part === undefined ? undefined : { entry, part };
}

/**
 * Replaces names that stand for several tasks by these: `beir/cqadupstack` is twelve forums. Aliases become the
 * catalogue's names; other names stay as they are. No task is there twice.
 */
export function expandTasks(names: readonly string[]): string[] {
  const expanded = names.flatMap((name) => {
    const task = parseBeirTask(name);
    if (task === undefined) return [name];
    const canonical = `beir/${task.entry.name}`;
    if (task.part !== undefined) return [`${canonical}/${task.part.name}`];
    return task.entry.parts.length === 0 ? [canonical] : task.entry.parts.map((part) => `${canonical}/${part.name}`);
  });
  return [...new Set(expanded)];
}

function keyOf(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}
