import type { Comparison } from './harness/compare.js';
import type { JobOptions } from './harness/job.js';
import { demoTrials, miniLmTrial, rankingCost } from './ranking-cost.js';

/** What it costs in nDCG@10 that vectors are stored as float16: bundled models on the bundled data, all-MiniLM-L6-v2 on NFCorpus. */
export async function benchFloat16(options: JobOptions): Promise<Comparison[]> {
  const trials = [...demoTrials('bi-encoder'), await miniLmTrial()];
  const choice = {
    title: 'float16 storage: what it costs',
    option: '--store-dtype',
    exact: 'float32',
    rounded: 'float16',
  };
  return [await rankingCost(trials, choice, options)];
}
