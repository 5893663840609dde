/** Prints the tables of docs/ci.md on the gate's rule: `npx tsx tools/gate/print.ts [TRIALS]` (about five minutes for 200). */
import { defaultLimits } from '../../src/results/check/limits.js';
import { noises, simulate, type Setting } from './simulation.js';

const trials = Number(process.argv[2] ?? 200);
const tests = [1, 10, 80];
const queries = [5, 10, 20, 50, 300];
const drops = [0.01, 0.02, 0.03, 0.06, 0.1];

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const outcome = (setting: Setting): ReturnType<typeof simulate> => simulate(setting, defaultLimits, trials, 1);

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const align = head.map((_, i) => (i === 0 ? '---' : '--:'));
  for (const cells of [head, align, ...rows]) process.stdout.write(`| ${cells.join(' | ')} |\n`);
  process.stdout.write('\n');
}

for (const [name, noise] of Object.entries(noises)) {
  const rows = queries.map((count) => [
    String(count),
    ...tests.map((number) => percent(outcome({ tests: number, queries: count, drop: 0, noise }).falseAlarm)),
  ]);
  process.stdout.write(`False alarms, ${name}\n\n`);
  table(['queries', ...tests.map((number) => `${number} tests`)], rows);
}

for (const number of [1, 80]) {
  const rows = queries.map((count) => [
    String(count),
    ...drops.map((drop) => {
      const noise = noises['another processor'];
      const { found, significant } = outcome({ tests: number, queries: count, drop, noise });
      return `${percent(found)} (${percent(significant)})`;
    }),
  ]);
  process.stdout.write(`Drops that fail among ${number} tests (by significance)\n\n`);
  table(['queries', ...drops.map((drop) => `drop of ${drop}`)], rows);
}
