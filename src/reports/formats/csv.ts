import type { ReportFile } from '../layout/files.js';
import type { Report, Row, TableValue } from '../model/model.js';

/** `scores-long.csv` with one line per measure of every record, and `scores-wide.csv` with one line per task. */
export function csvFiles(report: Report): ReportFile[] {
  return [
    { name: 'scores-long.csv', data: csv(longLines(report)) },
    { name: 'scores-wide.csv', data: csv(wideLines(report)) },
  ];
}

const longHead = [
  ...['task', 'split', 'data_sha256', 'profile', 'query_limit', 'system', 'family', 'runner', 'model', 'revision'],
  ...['parameters', 'first_stage', 'depth', 'measure', 'value', 'main', 'fingerprint', 'record'],
];

function longLines({ results, systems }: Report): TableValue[][] {
  const labels = new Map(systems.map(({ id, label }) => [id, label]));
  const lines = results.flatMap(({ record, system: column, folder }) => {
    const { task, system, profile, firstStage, fingerprint, measures, mainMeasure } = record;
    const { model } = system;
    return Object.entries(measures).map(([measure, value]): TableValue[] => [
      ...[task.name, task.split, task.checksum, profile, task.queryLimit],
      ...[labels.get(column)!, system.family, system.runner, model?.id ?? null, model?.revision ?? null],
      ...[model?.parameters ?? null, firstStage?.name ?? null, firstStage?.depth ?? null],
      ...[measure, value, measure === mainMeasure ? 1 : 0, fingerprint, folder],
    ]);
  });
  return [longHead, ...lines];
}

function wideLines({ suites, systems }: Report): TableValue[][] {
  const head = ['suite', 'task', 'measure', 'split', 'profile', ...systems.map(({ label }) => label)];
  const lines = suites.flatMap(({ name, rows, averages }) => [
    ...rows.flatMap((row) => [row, ...row.parts]).map((row) => [name, ...wideLine(row)]),
    ...averages.map(({ tasks, of, measures, cells }): TableValue[] => [
      ...[name, `average of ${tasks.length} of ${of} tasks`, measures.join(' '), null, null],
      ...cells.map((cell) => cell?.value ?? null),
    ]),
  ]);
  return [head, ...lines];
}

function wideLine(row: Row): TableValue[] {
  return [row.label, row.measure, row.split, row.profile, ...row.cells.map((cell) => cell?.value ?? null)];
}

/** CSV of RFC 4180: commas, CRLF, quotes doubled; missing values are empty. Numbers have full precision. */
function csv(lines: readonly (readonly TableValue[])[]): string {
  return lines.map((line) => line.map(csvField).join(',') + '\r\n').join('');
}

/**
 * Escapes a field. Text that begins like a formula gets a leading apostrophe, as spreadsheets would evaluate it
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export function csvField(value: TableValue): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
