import { InputError, unknownName } from '../../../core/errors.js';
import { compareWithReference, type ReferenceComparison } from '../../../results/compare/reference-comparison.js';
import { loadScores } from '../../../results/store.js';
import type { DifferenceFigure } from '../figures.js';
import type { Panel, ReportSection, ReportSystem, Row, ReportTable } from '../model.js';
import { hasPerQuery } from '../queries.js';
import type { ShownResult } from './records.js';

/**
 * Paired differences of every system to the reference, by task.
 * @throws InputError for a reference that is not a column, or has no per-query scores
 */
export async function significanceSection(
  reference: string | undefined,
  systems: readonly ReportSystem[],
  shown: readonly ShownResult[],
): Promise<ReportSection | null> {
  if (reference === undefined) return null;
  const column = systems.find(({ label, name }) => label === reference || name === reference);
  if (column === undefined)
    throw unknownName(
      'reference',
      reference,
      systems.map(({ label }) => label),
    );
  const panels: Panel[] = [];
  for (const row of new Set(shown.map((entry) => entry.row))) {
    const panel = await rowPanel(
      row,
      column,
      shown.filter((entry) => entry.row === row),
    );
    if (panel !== null) panels.push(panel);
  }
  if (panels.length === 0)
    throw new InputError(`--reference "${reference}": no task has per-query scores of it and of another system`);
  const text =
    'Differences are the system minus the reference, over the same queries: mean, 95 % interval of a bootstrap with ' +
    '10,000 samples, and the p-value of a randomisation test with 10,000 sign flips, corrected by Holm’s method for the ' +
    'systems of the task.';
  return { id: 'significance', title: `Differences to ${column.label}`, text, panels };
}

async function rowPanel(row: Row, reference: ReportSystem, shown: readonly ShownResult[]): Promise<Panel | null> {
  const base = shown.find(({ system }) => system === reference);
  if (base === undefined || !(await hasPerQuery(base.result))) return null;
  const others: ShownResult[] = [];
  for (const entry of shown) if (entry !== base && (await hasPerQuery(entry.result))) others.push(entry);
  if (others.length === 0) return null;
  const files = await Promise.all(others.map(({ result }) => loadScores(result)));
  const comparisons = compareWithReference(await loadScores(base.result), files, row.measure);
  const compared = comparisons.flatMap((comparison, i) =>
    comparison === undefined ? [] : [{ label: others[i]!.system.label, comparison }],
  );
  if (compared.length === 0) return null;
  const id = `significance-${row.id}`;
  const figure: DifferenceFigure = {
    kind: 'differences',
    id,
    label: row.label,
    measure: row.measure,
    reference: reference.label,
    systems: compared.map(({ label, comparison: { difference, interval } }) => ({
      label,
      difference,
      low: interval.low,
      high: interval.high,
    })),
  };
  return { id, label: row.label, figure, table: differenceTable(compared) };
}

function differenceTable(compared: readonly { label: string; comparison: ReferenceComparison }[]): ReportTable {
  return {
    columns: [
      { label: 'System', format: 'text' },
      { label: 'Difference', format: 'difference' },
      { label: 'From', format: 'difference' },
      { label: 'To', format: 'difference' },
      { label: 'p', format: 'probability' },
      { label: 'p (Holm)', format: 'probability' },
      { label: 'Wins', format: 'count' },
      { label: 'Ties', format: 'count' },
      { label: 'Losses', format: 'count' },
    ],
    lines: compared.map(
      ({ label, comparison: { difference, interval, randomisation, corrected, wins, ties, losses } }) => [
        label,
        ...[difference, interval.low, interval.high, randomisation.p, corrected],
        ...[wins, ties, losses],
      ],
    ),
  };
}
