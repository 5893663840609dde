import type { Comparison } from './harness/compare.js';
import type { JobOptions } from './harness/job.js';
import { demoTrials, miniLmTrial, rankingCost } from './ranking-cost.js';

/** What int8 costs in nDCG@10, beside what it gains in time: bundled models on the bundled data, all-MiniLM-L6-v2 on NFCorpus. */
export async function benchInt8(options: JobOptions): Promise<Comparison[]> {
  const trials = [...demoTrials('bi-encoder'), ...demoTrials('cross-encoder'), await miniLmTrial()];
  const choice = { title: 'int8: what it costs', option: '--dtype', exact: 'fp32', rounded: 'int8' };
  return [await rankingCost(trials, choice, options)];
}
