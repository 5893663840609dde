import { publishedNote } from '../../../results/check/published-check.js';
import { PUBLISHED_MEASURE } from '../../../suites/published/index.js';
import { EQUAL_TOLERANCE, NEAR_TOLERANCE } from '../published.js';
import type { ReportSection, ReportSystem, Row, ReportSuite, TableValue } from '../model.js';

/** All published scores of the tasks, beside the measured score of the same system. */
export function publishedSection(
  suites: readonly ReportSuite[],
  systems: readonly ReportSystem[],
): ReportSection | null {
  const rows = suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts]));
  const tasks = [...new Set(rows.map(({ task }) => task))];
  const lines = tasks.flatMap((task) =>
    publishedLines(
      rows.filter((row) => row.task === task),
      systems,
    ),
  );
  if (lines.length === 0) return null;
  return {
    id: 'published',
    title: 'Published scores',
    text:
      'Differences are measured minus published, for the same system under the same conventions; up to ' +
      `${EQUAL_TOLERANCE} they count as equal, up to ${NEAR_TOLERANCE} as near.`,
    panels: [
      {
        id: 'published',
        label: 'All tasks',
        figure: null,
        table: {
          columns: [
            { label: 'Task', format: 'text' },
            { label: 'Published system', format: 'text' },
            { label: `Published ${PUBLISHED_MEASURE}`, format: 'score' },
            { label: 'Profile', format: 'text' },
            { label: 'Measured system', format: 'text' },
            { label: `Measured ${PUBLISHED_MEASURE}`, format: 'score' },
            { label: 'Difference', format: 'verdict' },
            { label: 'Source', format: 'text' },
            { label: 'Note', format: 'text' },
          ],
          lines,
        },
      },
    ],
  };
}

/** @param rows the rows of one task; several if it was run on other data or under other profiles */
function publishedLines(rows: readonly Row[], systems: readonly ReportSystem[]): TableValue[][] {
  const all = new Map(rows.flatMap(({ published }) => published.map(({ row, score }) => [row, score] as const)));
  return [...all].flatMap(([published, score]) => {
    const { task } = rows[0]!;
    const before = [published.system, score, published.profile];
    const after = [published.source, publishedNote(published, task) ?? null];
    const measured = rows.flatMap((row) =>
      row.cells.flatMap((cell, i) =>
        (cell?.published ?? [])
          .filter((comparison) => comparison.row === published)
          .map(({ difference }) => [row.label, ...before, systems[i]!.label, cell!.value, difference, ...after]),
      ),
    );
    return measured.length > 0 ? measured : [[task, ...before, null, null, null, ...after]];
  });
}
