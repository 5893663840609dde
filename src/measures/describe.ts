import { families } from './families.js';
import type { MeasureFamily } from './family.js';

/** The forms of all measures' names: `P@k`, `AP`, `AP@k` … */
export const measureForms: readonly string[] = [...families.values()].flatMap(formsOf);

function formsOf({ name, cutoff }: MeasureFamily): string[] {
  if (cutoff === 'recall') return [`${name}@recall`];
  return [...(cutoff === 'required' ? [] : [name]), ...(cutoff === 'none' ? [] : [`${name}@k`])];
}

/** One line per measure, with its source, and one line per option; for the command's help. */
export function describeMeasures(): string {
  const rows = [...families.values()].map((family) => [
    formsOf(family).join(', '),
    `${family.description} (${family.source})`,
  ]);
  return `Measures:\n${aligned(rows)}\nOptions, as in P(rel=2)@10:\n${aligned(optionRows())}`;
}

/** One row per option, with the measures that have it. */
function optionRows(): string[][] {
  const users = new Map<string, string[]>();
  const descriptions = new Map<string, string>();
  for (const { name, options } of families.values())
    for (const [option, { example, description }] of Object.entries(options)) {
      const shown = `${option}=${example}`;
      descriptions.set(shown, description);
      users.set(shown, [...(users.get(shown) ?? []), name]);
    }
  return Array.from(descriptions, ([shown, description]) => [
    shown,
    `${description} (${users.get(shown)!.join(', ')})`,
  ]);
}

/** Line length of help texts. */
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
