/**
 * Measures what this project does beside other programs that do the same, on the same inputs, in one run:
 *
 *     npm run bench [-- JOB… [--size small|full] [--threads N] [--rounds N] [--folder DIR] [--output DIR]]
 *
 * `npm run bench -- --help` lists the jobs. Tables go to stdout and, with all samples, to reports/bench/.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { InputError, messageOf } from '../../src/core/errors.js';
import { describeMachine } from './harness/machine.js';
import { markdown, writeReport } from './harness/report.js';
import type { BenchJob } from './harness/job.js';
import { parseRequest, type JobNames } from './options.js';

/** By name; loaded when they are asked for. */
const jobs: Readonly<Record<string, JobNames[string] & { readonly load: () => Promise<BenchJob> }>> = {
  encode: {
    about: 'vectors of texts: the floor, PyTorch, int8',
    load: async () => (await import('./encode.js')).benchEncode,
  },
  overhead: {
    about: 'what reading, tokenising and writing add to the model in a run',
    load: async () => (await import('./overhead.js')).benchOverhead,
  },
  score: {
    about: "pair scores: the floor, the paper's loop, int8",
    load: async () => (await import('./score.js')).benchScore,
  },
  roofline: { about: 'one big matrix product', load: async () => (await import('./roofline.js')).benchRoofline },
  int8: { about: 'what int8 costs in nDCG@10', load: async () => (await import('./int8.js')).benchInt8 },
  float16: {
    about: 'what float16 storage of vectors costs in nDCG@10',
    load: async () => (await import('./float16.js')).benchFloat16,
  },
  search: { about: 'exact search: faiss, stored vectors', load: async () => (await import('./search.js')).benchSearch },
  bm25: { about: 'BM25 index and search: bm25s', load: async () => (await import('./bm25.js')).benchBm25 },
  load: { about: 'reading a corpus: beir', load: async () => (await import('./load.js')).benchLoad },
  evaluate: {
    about: 'measures of a run: pytrec_eval, ir_measures',
    load: async () => (await import('./evaluate.js')).benchEvaluate,
  },
  startup: {
    about: 'how long the program takes to start',
    load: async () => (await import('./startup.js')).benchStartup,
  },
  soak: {
    about: 'memory over a long run',
    byNameOnly: true,
    load: async () => (await import('./soak.js')).benchSoak,
  },
};

async function main(): Promise<void> {
  const { jobs: names, folder: parent, output, ...how } = parseRequest(process.argv.slice(2), jobs);
  await makeFolder('--folder', parent);
  await makeFolder('--output', output);
  const machine = describeMachine(how.threads);
  for (const [key, value] of Object.entries(machine)) process.stdout.write(`- ${key}: ${value}\n`);
  for (const name of names) {
    process.stderr.write(`${name}\n`);
    const folder = await mkdtemp(join(parent, `sgpt-bench-${name}-`));
    try {
      const job = await jobs[name]!.load();
      const comparisons = await job({ ...how, folder });
      for (const comparison of comparisons) process.stdout.write(`\n${markdown(comparison)}`);
      await writeReport(output, name, machine, comparisons);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
}

async function makeFolder(option: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new InputError(
      `${option} ${folder}: cannot be made (${messageOf(error)}); give a folder that can be written to`,
    );
  });
}

try {
  await main();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
  else if (error instanceof InputError) {
    process.stderr.write(`npm run bench: ${error.message}\n`);
    process.exitCode = exitCodes.badInput;
  } else throw error;
}
