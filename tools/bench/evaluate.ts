import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn, type Comparison } from './harness/compare.js';
import { benchFile, command, python, withPackage } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';
import { writeRunAndQrels } from './data/run-files.js';

const measures = ['nDCG@10', 'AP@100', 'R@100', 'P@10', 'RR'];

/** `sgpt-bench evaluate` against pytrec_eval and ir_measures: whole programs, start and reading included. */
export async function benchEvaluate({ size, folder, rounds }: JobOptions): Promise<Comparison[]> {
  const queries = size === 'full' ? 10_000 : 1000;
  const [run, qrels] = [join(folder, 'run'), join(folder, 'qrels')];
  await writeRunAndQrels(run, qrels, queries);
  const program = benchFile('../../dist/cli/main.js');
  const own = [process.execPath, program, 'evaluate', qrels, run, ...measures, '--digits', '9'] as const;
  const peer = (name: string, packages: string) =>
    withPackage(name, packages, (about) =>
      command(name, about, [python, benchFile('peers/evaluate.py'), name, qrels, run]),
    );
  const all = [
    command('sgpt-bench evaluate', 'the built program, one thread', own),
    await peer('pytrec_eval', 'pytrec_eval-terrier'),
    await peer('ir_measures', 'ir_measures'),
  ];
  const contenders = all.filter((one) => 'measure' in one);
  const measured = await inTurn(contenders, rounds);
  const outputs = measured.map(({ name, samples }) => ({ name, values: valuesOf(samples[0]!.output!) }));
  const bytes = (await stat(run)).size;
  return [
    {
      title: `Evaluation, ${queries.toLocaleString('en')} queries`,
      input: `a run of 1000 documents per query (${(bytes / 2 ** 20).toFixed(0)} MiB), 100 judgements each; ${measures.join(', ')}`,
      work: { amount: bytes, unit: 'B' },
      measured,
      absent: all.filter((one) => 'reason' in one),
      findings: outputs.slice(1).map(({ name, values }) => {
        const furthest = Math.max(...values.map((value, i) => Math.abs(value - outputs[0]!.values[i]!)));
        return `means differ from ${name}'s by at most ${furthest.toExponential(1)}`;
      }),
    },
  ];
}

function valuesOf(output: string): number[] {
  const lines = output.trim().split('\n');
  return lines.map((line) => Number(line.split('\t')[1]));
}
