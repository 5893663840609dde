/**
 * Formats rows of text in aligned columns, two spaces apart, below headings and a rule.
 * @param left left-aligned columns; the others, numbers, are right-aligned
 */
export function alignedTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[],
): string {
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((text, i) => (left.includes(i) ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)));
  return lines.join('\n') + '\n';
}

/** Shortens text to at most `length` characters by leaving out its middle. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - half)}…${text.slice(-half)}`;
}
