/** Scoring of pairs by this project. */
import { readFile, writeFile } from 'node:fs/promises';
import type { PairGroup } from '../../../src/core/model.js';
import { createCrossEncoder } from '../../../src/models/index.js';
import { serve, type Job } from './serve.js';
import { residentMemory, workerSeconds } from './worker-time.js';

interface Parameters {
  readonly model: string;
  /** File with a JSON array of documents with their queries. */
  readonly groups: string;
  readonly threads: number;
  readonly dtype: 'fp32' | 'int8';
  /** Where to keep the scores, float32. */
  readonly results: string;
}

await serve(async ({ model, groups: path, threads, dtype, results }: Parameters): Promise<Job> => {
  const groups = JSON.parse(await readFile(path, 'utf8')) as PairGroup[];
  const scorer = await createCrossEncoder({ model, prompt: 'G', threads, dtype });
  return {
    about: `${threads} workers with one thread each, ${dtype}, a document with its queries a run`,
    async run() {
      const before = workerSeconds();
      const scores = await scorer.score(groups);
      const workerCpu = workerSeconds() - before;
      const all = Float32Array.from(scores.flatMap((some) => [...some]));
      return { workerCpu, peak: residentMemory(), finish: () => writeFile(results, new Uint8Array(all.buffer)) };
    },
  };
});
