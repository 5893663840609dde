import { unknownName } from '../core/errors.js';
import { beirEntries } from './catalogue-beir.js';

/** A data set of BEIR as it is published. A null is something no source states. */
export interface BeirEntry {
  /** BEIR's name, which is also that of its archive and folder. */
  readonly name: string;
  readonly title: string;
  /** Other names people use. Case, hyphens and underscores never matter. */
  readonly aliases: readonly string[];
  /** The published archive, or null where the licence forbids one. */
  readonly archive: Archive | null;
  /** What to do where there is no archive. */
  readonly howToBring: string | null;
  /** Repository of the corpus and queries on the Hugging Face hub; judgements are in the one with "-qrels" behind. */
  readonly hub: string | null;
  readonly documents: number | null;
  /** Lines of queries.jsonl, over all splits. */
  readonly queries: number | null;
  readonly splits: Readonly<Record<string, SplitCounts>>;
  /** The split that BEIR reports. */
  readonly defaultSplit: string;
  /** Data sets of their own inside the archive: CQADupStack's forums. */
  readonly parts: readonly PartCounts[];
  /** Whether mteb takes the document with the query's id out of the ranking (`ignore_identical_ids` of its task). */
  readonly removesIdenticalIds: boolean;
  /** Whether it is one of the 18 sets behind BEIR's average. */
  readonly inAverage: boolean;
  /** As mteb's task metadata gives it; null where that says "not specified" or has no such task. */
  readonly licence: string | null;
  readonly homepage: string;
  readonly citation: string;
}

export interface Archive {
  readonly url: string;
  /** Size in bytes. */
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string | null;
  /** Hashes that published lists give for this archive by mistake. */
  readonly wrongMd5: readonly { readonly md5: string; readonly why: string }[];
}

export interface SplitCounts {
  /** Queries with judgements. */
  readonly queries: number | null;
  readonly judgements: number | null;
  /** Other counts of the same judgements that are in use, and what they leave out. */
  readonly otherCounts?: readonly { readonly judgements: number; readonly why: string }[];
}

export interface PartCounts {
  readonly name: string;
  readonly documents: number;
  readonly queries: number;
  readonly judgements: number;
}

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
