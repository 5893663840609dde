import { publishedNote } from '../../results/published-check.js';
import { PUBLISHED_MEASURE } from '../../results/published.js';
import { EQUAL_TOLERANCE, NEAR_TOLERANCE } from '../published.js';
import type { Part, ReportSystem, Row, Suite, Value } from '../model.js';

/** Every published score of the tasks, beside what was measured for the same system. */
export function publishedPart(suites: readonly Suite[], systems: readonly ReportSystem[]): Part | null {
  const rows = suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts]));
  const lines = rows.flatMap((row) => publishedLines(row, systems));
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

function publishedLines(row: Row, systems: readonly ReportSystem[]): Value[][] {
  return row.published.flatMap(({ row: published, score }) => {
    const after = [published.source, publishedNote(published, row.task) ?? null];
    const known = [row.label, published.system, score, published.profile];
    const measured = row.cells.flatMap((cell, i) =>
      (cell?.published ?? [])
        .filter((comparison) => comparison.row === published)
        .map(({ difference }) => [...known, systems[i]!.label, cell!.value, difference, published.source]),
    );
    return measured.length > 0 ? measured : [[...known, null, null, null, ...after]];
  });
}
