import type { Comparison } from './compare.js';

export interface JobOptions {
  /** `small` ends in a few minutes altogether; `full` has the sizes that the figures in docs/performance.md are of. */
  readonly size: 'small' | 'full';
  /** Threads of every program that takes a number of threads. */
  readonly threads: number;
  readonly rounds: number;
  /** An empty folder for the job's files. */
  readonly folder: string;
}

export type BenchJob = (options: JobOptions) => Promise<Comparison[]>;
