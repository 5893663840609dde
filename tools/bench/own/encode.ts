/** Encoding by this project. */
import { readFile, writeFile } from 'node:fs/promises';
import { createBiEncoder } from '../../../src/models/index.js';
import { serve, type Job } from './serve.js';
import { residentMemory, workerSeconds } from './worker-time.js';

interface Parameters {
  readonly model: string;
  /** File with a JSON array. */
  readonly texts: string;
  readonly maxTokens: number;
  readonly threads: number;
  readonly dtype: 'fp32' | 'int8';
  /** Separated by commas. */
  readonly poolings?: string;
  readonly layers?: 'all';
  /** Where to keep the vectors of the first view, float32. */
  readonly results: string;
}

await serve(
  async ({ model, texts: path, maxTokens, threads, dtype, poolings, layers, results }: Parameters): Promise<Job> => {
    const texts = JSON.parse(await readFile(path, 'utf8')) as string[];
    const encoder = await createBiEncoder({
      ...{ model, maxTokens, threads, dtype },
      pooling: (poolings ?? 'weightedmean').split(','),
      layer: layers === undefined ? undefined : [layers],
      brackets: 'none',
    });
    return {
      about: `${threads} workers with one thread each, ${dtype}, one text a run; ${encoder.views.length} vectors a text`,
      async run() {
        const before = workerSeconds();
        const [matrix] = await encoder.encode(texts, 'document');
        const workerCpu = workerSeconds() - before;
        const finish = (): Promise<void> => writeFile(results, new Uint8Array(matrix!.data.buffer));
        return { workerCpu, peak: residentMemory(), finish };
      },
    };
  },
);
