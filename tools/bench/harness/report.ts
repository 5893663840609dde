import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../src/io/files.js';
import { median, totalOf, type Comparison, type Measured } from './compare.js';
import type { Machine } from './machine.js';

/** One line of a table: a contender, or one phase of it. */
interface Row {
  readonly name: string;
  readonly seconds: readonly number[];
  /** How many times the first contender's time this takes; above 1, the first is faster. */
  readonly ratio: number;
  readonly cpu: number | undefined;
  readonly peak: number | undefined;
}

const header = ['', 'median', 'min–max', 'rate', 'time ÷ first', 'CPU', 'peak memory'];

/** Comparison as Markdown: readable on a terminal as it is. */
export function markdown({ title, input, work, measured, absent, findings }: Comparison): string {
  const table = rowsOf(measured).map((row) => {
    const middle = median(row.seconds);
    return [
      row.name,
      seconds(middle),
      `${seconds(Math.min(...row.seconds))}–${seconds(Math.max(...row.seconds))}`,
      `${compact(work.amount / middle)} ${work.unit}/s`,
      row.ratio.toFixed(2),
      row.cpu === undefined ? '' : seconds(row.cpu),
      row.peak === undefined ? '' : `${row.peak.toFixed(0)} MiB`,
    ];
  });
  const missing = absent.map(({ name, reason }) => [name, `not installed (${reason})`, ...Array<string>(5).fill('')]);
  const abouts = measured.flatMap(({ name, about }) => (about === '' ? [] : `- ${name}: ${about}`));
  return [
    `## ${title}\n\n${input}\n`,
    aligned([header, ...table, ...missing]),
    '',
    ...abouts,
    ...findings.map((finding) => `- ${finding}`),
    '',
  ].join('\n');
}

/** Writes reports/bench/NAME.json and .md. */
export async function writeReport(
  folder: string,
  name: string,
  machine: Machine,
  comparisons: readonly Comparison[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const facts = Object.entries(machine).map(([key, value]) => `- ${key}: ${value}`);
  const text = [`# Bench: ${name}\n`, ...facts, '', ...comparisons.map(markdown)].join('\n');
  await writeFileAtomic(join(folder, `${name}.md`), text);
  await writeFileAtomic(join(folder, `${name}.json`), JSON.stringify({ machine, comparisons }, null, 2) + '\n');
}

function rowsOf(measured: readonly Measured[]): Row[] {
  const first = measured[0];
  return measured.flatMap(({ name, samples }) => {
    const phases = Object.keys(samples[0]?.seconds ?? {});
    const peaks = samples.flatMap(({ peak }) => peak ?? []);
    const cpus = samples.flatMap(({ cpu }) => cpu ?? []);
    const row = (label: string, values: readonly number[], reference: readonly number[], whole: boolean): Row => ({
      name: label,
      seconds: values,
      ratio: median(values) / median(reference),
      cpu: whole && cpus.length > 0 ? median(cpus) : undefined,
      peak: whole && peaks.length > 0 ? Math.max(...peaks) : undefined,
    });
    const total = row(name, samples.map(totalOf), first!.samples.map(totalOf), true);
    if (phases.length === 1) return [total];
    const of = (from: Measured, phase: string): number[] => from.samples.map((sample) => sample.seconds[phase] ?? NaN);
    return [
      total,
      ...phases.map((phase) =>
        row(`${name}: ${phase}`, of({ name, about: '', samples }, phase), of(first!, phase), false),
      ),
    ];
  });
}

/** A Markdown table whose columns are as wide as they need to be. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length), 3));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}

function seconds(value: number): string {
  if (value >= 10) return `${value.toFixed(1)} s`;
  return value >= 0.1 ? `${value.toFixed(2)} s` : `${(value * 1000).toFixed(1)} ms`;
}

function compact(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(0)} k` : value.toFixed(value >= 100 ? 0 : 1);
}
