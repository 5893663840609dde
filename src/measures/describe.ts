import { families } from './families.js';
import type { MeasureFamily } from './family.js';

/** The measures that this program knows, as they are written: `P@k`, `AP`, `AP@k` … */
export const measureForms: readonly string[] = [...families.values()].flatMap(formsOf);

function formsOf({ name, cutoff }: MeasureFamily): string[] {
  if (cutoff === 'recall') return [`${name}@recall`];
  return [...(cutoff === 'required' ? [] : [name]), ...(cutoff === 'none' ? [] : [`${name}@k`])];
}

/** All measures, a line for each with its source, and then their options, a line for each: for the command's help. */
export function describeMeasures(): string {
  const rows = [...families.values()].map((family) => [
    formsOf(family).join(', '),
    `${family.description} (${family.source})`,
  ]);
  return `Measures:\n${aligned(rows)}\nOptions, as in P(rel=2)@10:\n${aligned(optionRows())}`;
}

/** Each option once, with the measures that take it. */
function optionRows(): string[][] {
  const takers = new Map<string, string[]>();
  const descriptions = new Map<string, string>();
  for (const { name, options } of families.values())
    for (const [option, { example, description }] of Object.entries(options)) {
      const shown = `${option}=${example}`;
      descriptions.set(shown, description);
      takers.set(shown, [...(takers.get(shown) ?? []), name]);
    }
  return Array.from(descriptions, ([shown, description]) => [
    shown,
    `${description} (${takers.get(shown)!.join(', ')})`,
  ]);
}

/** Columns of help texts. */
const maxWidth = 110;

/** Two columns, the second wrapped. */
function aligned(rows: readonly string[][]): string {
  const width = Math.max(...rows.map(([first]) => first!.length));
  return rows
    .flatMap(([first, second]) =>
      wrapped(second!, maxWidth - width - 4).map((line, i) => `  ${(i === 0 ? first! : '').padEnd(width)}  ${line}\n`),
    )
    .join('');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
