import { compareCodePoints } from '../../core/text.js';
import { canonicalJson } from '../../core/canonical-json.js';
import type { StoredResult } from '../../results/store.js';
import type { Cell, ReportSystem, Row, RowKey, ReportSuite } from './model.js';
import { parentOf, reportedSplit } from '../../suites/index.js';
import { compareSuites, compareTasks, isRestricted, suiteOf } from './order.js';
import { averagesOf } from './averages.js';
import { compareWithPublished, publishedOf } from './published.js';
import { rankedCells } from './ranking.js';
import { rowKey } from './select.js';
import { ambiguousNames, columnLabel } from './systems.js';

/** The tables of all suites: one row per task, split, data, profile, query limit and measure among the records. */
export function suitesOf(results: readonly StoredResult[], systems: readonly ReportSystem[]): ReportSuite[] {
  const rows = number(foldForums(rowsOf(results, systems), systems));
  const names = [...new Set(rows.map(({ task }) => suiteOf(task)))].sort(compareSuites);
  return names.map((name) => {
    const members = rows.filter(({ task }) => suiteOf(task) === name);
    return { name, rows: members, averages: averagesOf(name, members, systems) };
  });
}

function rowsOf(results: readonly StoredResult[], systems: readonly ReportSystem[]): Row[] {
  const groups = new Map<string, StoredResult[]>();
  for (const result of results) {
    const key = canonicalJson(rowKey(result.record));
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const keys = [...groups.values()].map((group) => rowKey(group[0]!.record));
  const ambiguous = ambiguousNames(results);
  return [...groups.values()].map((group) => {
    const { record } = group[0]!;
    const key = rowKey(record);
    const byLabel = new Map(group.map((result) => [columnLabel(result.record, ambiguous), result]));
    const values = systems.map(({ label }) => byLabel.get(label));
    const published = publishedOf(key);
    return {
      ...key,
      id: '',
      label: rowLabel(key, keys),
      documents: record.task.documents,
      queries: record.task.queries,
      restricted: isRestricted(key.task),
      cells: rankedCells(
        values.map((result) =>
          result === undefined
            ? null
            : {
                value: result.record.measures[key.measure]!,
                result,
                published: compareWithPublished(result.record, published),
              },
        ),
        systems,
      ),
      parts: [],
      published,
    };
  });
}

/** The task's name; if the task has several rows, plus what distinguishes this one: split, profile, query limit, data. */
function rowLabel(key: RowKey, keys: readonly RowKey[]): string {
  const others = keys.filter(({ task }) => task === key.task);
  const differs = (field: keyof RowKey): boolean => others.some((other) => other[field] !== key[field]);
  const marks = [
    differs('split') || key.split !== reportedSplit(key.task) ? `split ${key.split}` : '',
    differs('profile') ? `profile ${key.profile}` : '',
    key.queryLimit !== null ? `first ${key.queryLimit} queries` : differs('queryLimit') ? 'all queries' : '',
    differs('checksum') ? `data ${key.checksum.slice(0, 8)}` : '',
    differs('measure') ? key.measure : '',
  ].filter((mark) => mark !== '');
  return marks.length === 0 ? key.task : `${key.task} (${marks.join(', ')})`;
}

type Unranked = Omit<Cell, 'best' | 'second'>;

/** Moves the forums of CQADupStack below one row with their mean, if all twelve are present. */
function foldForums(rows: readonly Row[], systems: readonly ReportSystem[]): Row[] {
  const folded: Row[] = [];
  const forums = new Map<string, Row[]>();
  for (const row of rows) {
    const parent = parentOf(row.task)?.name;
    if (parent === undefined) folded.push(row);
    else {
      const key = canonicalJson([parent, row.split, row.profile, row.queryLimit, row.measure]);
      forums.set(key, [...(forums.get(key) ?? []), row]);
    }
  }
  for (const parts of forums.values()) {
    // A mean needs each forum exactly once: not twice (with other data), and not some of them only.
    const partCount = parentOf(parts[0]!.task)!.parts;
    if (new Set(parts.map(({ task }) => task)).size === partCount && parts.length === partCount)
      folded.push(meanRow(parts, systems));
    else folded.push(...parts);
  }
  return folded;
}

function meanRow(parts: readonly Row[], systems: readonly ReportSystem[]): Row {
  const first = parts[0]!;
  const task = parentOf(first.task)!.name;
  const sorted = [...parts].sort((a, b) => compareCodePoints(a.task, b.task));
  const published = publishedOf({ ...first, task });
  const means = first.cells.map((_, column): Unranked | null => {
    const cells = sorted.map((part) => part.cells[column]);
    if (cells.some((cell) => cell === null || cell === undefined)) return null;
    const value = cells.reduce((sum, cell) => sum + cell!.value, 0) / cells.length;
    const record = cells[0]!.result!.record;
    return {
      value,
      result: null,
      published: compareWithPublished({ ...record, measures: { [first.measure]: value } }, published),
    };
  });
  return {
    ...first,
    task,
    label: first.label.replace(first.task, task),
    checksum: '',
    documents: sorted.reduce((sum, part) => sum + part.documents, 0),
    queries: sorted.reduce((sum, part) => sum + part.queries, 0),
    cells: rankedCells(means, systems),
    parts: sorted,
    published,
  };
}

function number(rows: readonly Row[]): Row[] {
  const sorted = [...rows].sort(
    (a, b) =>
      compareSuites(suiteOf(a.task), suiteOf(b.task)) ||
      compareTasks(a.task, b.task) ||
      compareCodePoints(a.label, b.label),
  );
  return sorted.map((row, i) => {
    const parts = row.parts.map((part, j) => ({ ...part, id: `t${i + 1}.${j + 1}` }));
    return { ...row, id: `t${i + 1}`, parts };
  });
}
