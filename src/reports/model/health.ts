import { healthNotes } from '../../results/health-notes.js';
import type { ReportSystem, Row } from './model.js';

/** Systems that a note names; of more, their number is given. */
const maxNames = 3;
/** Notes in a report; the records have all. */
const maxNotes = 40;

/** What a reader must know of the results in these rows: one sentence per task and fact, naming its systems. */
export function healthOfRows(rows: readonly Row[], systems: readonly ReportSystem[]): string[] {
  const notes: string[] = [];
  for (const row of rows) {
    const bySystem = new Map<string, string[]>();
    row.cells.forEach((cell, i) => {
      if (cell?.result == null) return;
      const label = systems[i]!.label;
      for (const note of healthNotes(cell.result.record)) bySystem.set(note, [...(bySystem.get(note) ?? []), label]);
    });
    for (const [note, labels] of bySystem) {
      const who = labels.length > maxNames ? `${labels.length} systems` : labels.join(', ');
      notes.push(`${row.label}: ${note} (${who}).`);
    }
  }
  if (notes.length <= maxNotes) return notes;
  return [
    ...notes.slice(0, maxNotes),
    `${notes.length - maxNotes} more notes of this kind are left out; the records have them.`,
  ];
}
