/**
 * Measures what this project does beside other programs that do the same, on the same inputs, in one run:
 *
 *     npm run bench [-- JOB… [--size small|full] [--threads N] [--rounds N] [--folder DIR] [--output DIR]]
 *
 * Jobs: all of {@link jobs}, or those named. Python programs are measured where `python3`, or the interpreter that
 * SGPT_BENCH_PYTHON names, has them (requirements.txt). Tables go to stdout and, with all samples, to reports/bench/.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './harness/machine.js';
import { markdown, writeReport } from './harness/report.js';
import type { BenchJob } from './harness/job.js';

/** By name; loaded when they are asked for. */
const jobs: Readonly<Record<string, () => Promise<BenchJob>>> = {
  encode: async () => (await import('./encode.js')).benchEncode,
  score: async () => (await import('./score.js')).benchScore,
  roofline: async () => (await import('./roofline.js')).benchRoofline,
  int8: async () => (await import('./int8.js')).benchInt8,
  search: async () => (await import('./search.js')).benchSearch,
  bm25: async () => (await import('./bm25.js')).benchBm25,
  load: async () => (await import('./load.js')).benchLoad,
  evaluate: async () => (await import('./evaluate.js')).benchEvaluate,
  startup: async () => (await import('./startup.js')).benchStartup,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: 'small' },
    threads: { type: 'string', default: String(availableParallelism()) },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    output: { type: 'string', default: 'reports/bench' },
  },
});
const names = positionals.length === 0 ? Object.keys(jobs) : positionals;
const unknown = names.find((name) => jobs[name] === undefined);
if (unknown !== undefined || (values.size !== 'small' && values.size !== 'full')) {
  process.stderr.write(
    `usage: npm run bench [-- ${Object.keys(jobs).join('|')} [--size small|full] [--threads N] …]\n`,
  );
  process.exit(2);
}
const threads = Number(values.threads);
const machine = describeMachine(threads);
for (const [key, value] of Object.entries(machine)) process.stdout.write(`- ${key}: ${value}\n`);
for (const name of names) {
  process.stderr.write(`${name}\n`);
  await mkdir(values.folder, { recursive: true });
  const folder = await mkdtemp(join(values.folder, `sgpt-bench-${name}-`));
  try {
    const job = await jobs[name]!();
    const comparisons = await job({ size: values.size, threads, rounds: Number(values.rounds), folder });
    for (const comparison of comparisons) process.stdout.write(`\n${markdown(comparison)}`);
    await writeReport(values.output, name, machine, comparisons);
  } finally {
    await rm(folder, { recursive: true });
  }
}
