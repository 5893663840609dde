import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeRandomModel } from './data/random-model.js';
import type { Comparison } from './harness/compare.js';
import { ownProgram } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';

/** Short texts, so that there are many of them within a time one has. */
const maxTokens = 16;

/** Whether memory stays flat: many short texts through a model of 125M shape. */
export async function benchSoak({ size, folder, threads }: JobOptions): Promise<Comparison[]> {
  const count = size === 'full' ? 20_000 : 4096;
  const model = join(folder, 'model');
  await writeRandomModel(model);
  const options = ['--texts', count, '--threads', threads, '--max-tokens', maxTokens, '--layers', 'last'].map(String);
  const start = performance.now();
  const child = spawn(process.execPath, [ownProgram('soak'), model, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const curve: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    curve.push(line.replace('\t', ': '));
    process.stderr.write(`  ${line}\n`);
  }
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`the soak ended with status ${code ?? 'none'}`);
  return [
    {
      title: `Soak, ${count.toLocaleString('en')} texts with 125M parameters`,
      input: `texts cut at ${maxTokens} tokens, random weights; after every 1024 texts, the resident memory that is a process's own (not mapped from files, as weights are)`,
      work: { amount: count, unit: 'texts' },
      measured: [
        {
          name: 'sgpt-bench',
          about: `${threads} threads, float32`,
          samples: [{ seconds: { total: (performance.now() - start) / 1000 } }],
        },
      ],
      absent: [],
      findings: curve,
    },
  ];
}
