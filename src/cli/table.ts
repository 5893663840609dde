import { printable } from '../core/printable.js';

/** Prints columns two spaces apart; columns in `right` are right-aligned. */
export function printTable(rows: readonly (readonly string[])[], right: readonly number[] = []): void {
  const shown = rows.map((row) => row.map(printable));
  const widths = (shown[0] ?? []).map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)));
  for (const row of shown) {
    const cells = row.map((cell, column) =>
      right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
    );
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(JSON.stringify(value, null, 2) + '\n');
}
