import { InputError, unknownName } from '../../core/errors.js';
import { compareCodePoints } from '../../core/text.js';
import { canonicalJson } from '../../core/canonical-json.js';
import type { ResultRecord } from '../../results/record.js';
import { newerOf, type StoredResult } from '../../results/store.js';
import type { ReportOptions, RowKey } from './model.js';

/** Two records are in the same row if their keys are equal. */
export function rowKey({ task, profile, mainMeasure }: ResultRecord): RowKey {
  const { name, split, checksum, queryLimit } = task;
  return { task: name, split, checksum, profile, queryLimit, measure: mainMeasure };
}

/** The records that match the options, one per cell, in an order that does not depend on the input's. */
export async function selectResults(results: readonly StoredResult[], options: ReportOptions): Promise<StoredResult[]> {
  const selected = filterBy(
    filterBy(results, options.tasks ?? [], 'task', ({ record }) => [record.task.name], matchesTask),
    options.systems ?? [],
    'system',
    ({ record }) => [record.system.name, record.system.family],
    matchesPattern,
  );
  for (const { folder, record } of selected) {
    if (Object.hasOwn(record.measures, record.mainMeasure)) continue;
    throw new InputError(
      `${folder}: the record has no value of its main measure "${record.mainMeasure}"; run the task again`,
    );
  }
  return (await onePerCell(selected, options.newest ?? false)).sort(
    (a, b) =>
      compareCodePoints(a.record.task.name, b.record.task.name) ||
      compareCodePoints(a.record.system.name, b.record.system.name) ||
      compareCodePoints(a.record.fingerprint, b.record.fingerprint),
  );
}

function filterBy(
  results: readonly StoredResult[],
  patterns: readonly string[],
  kind: string,
  namesOf: (result: StoredResult) => string[],
  matches: (pattern: string, name: string) => boolean,
): readonly StoredResult[] {
  if (patterns.length === 0) return results;
  for (const pattern of patterns) {
    if (results.some((result) => namesOf(result).some((name) => matches(pattern, name)))) continue;
    throw unknownName(
      kind,
      pattern,
      [...new Set(results.map((result) => namesOf(result)[0]!))].sort(compareCodePoints),
    );
  }
  return results.filter((result) => patterns.some((p) => namesOf(result).some((name) => matches(p, name))));
}

/** Matches a task's name, or a prefix of names: `beir` matches all of BEIR. */
function matchesTask(pattern: string, name: string): boolean {
  return name === pattern || name.startsWith(pattern.endsWith('/') ? pattern : `${pattern}/`);
}

/** Matches a name; `*` in the pattern stands for any text. */
function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

/** The key of a cell: the row, the system's name, and the first stage. */
export function cellKey(record: ResultRecord): string {
  const { firstStage } = record;
  return canonicalJson([rowKey(record), record.system.name, firstStage?.name ?? null, firstStage?.depth ?? null]);
}

async function onePerCell(results: readonly StoredResult[], newest: boolean): Promise<StoredResult[]> {
  const cells = new Map<string, StoredResult>();
  for (const result of results) {
    const key = cellKey(result.record);
    const other = cells.get(key);
    if (other === undefined) cells.set(key, result);
    else if (other.folder !== result.folder) {
      if (!newest) throw claimedTwice(other, result);
      cells.set(key, await newerOf(other, result));
    }
  }
  return [...cells.values()];
}

function claimedTwice(a: StoredResult, b: StoredResult): InputError {
  const { task, system } = a.record;
  const differing = differingSettings(a.record, b.record);
  const why = differing.length === 0 ? 'they are the same work' : `they differ in ${differing.join(', ')}`;
  return new InputError(
    `two records claim the score of "${system.name}" on ${task.name}: ${a.folder} and ${b.folder}; ${why}; remove one, or ` +
      'take the one that was written last with --newest',
  );
}

/** Names of the settings, model properties and first-stage properties in which two records differ. */
export function differingSettings(a: ResultRecord, b: ResultRecord): string[] {
  const [x, y] = [a, b].map(flatten) as [Map<string, string>, Map<string, string>];
  const names = [...new Set([...x.keys(), ...y.keys()])].sort(compareCodePoints);
  return names.filter((name) => x.get(name) !== y.get(name));
}

function flatten({ system, topK, firstStage }: ResultRecord): Map<string, string> {
  const { model, settings, runner } = system;
  const flat = new Map<string, string>([
    ['runner', runner],
    ['topK', String(topK)],
    ['first stage', canonicalJson(firstStage === null ? null : [firstStage.name, firstStage.depth])],
  ]);
  for (const [name, value] of Object.entries(settings)) flat.set(name, canonicalJson(value));
  for (const [name, value] of Object.entries(model ?? {})) flat.set(`model ${name}`, canonicalJson(value));
  return flat;
}
