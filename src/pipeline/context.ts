import { join } from 'node:path';
import type { RunnerContext } from '../core/runner.js';
import type { Sharing } from '../core/shards.js';
import { isBucketAddress } from '../stores/index.js';

/** What tables and plots show, where a task's description names no other measure. */
export const mainMeasure = 'nDCG@10';
/** What is recorded of a retrieval task unless other measures are asked for. */
export const recordedMeasures = [mainMeasure, 'nDCG@100', 'AP@100', 'R@10', 'R@100', 'P@10', 'RR@10', 'Success@10'];

/** How systems are run and measured, and where results go; the same for all systems and tasks of a plan. */
export interface RunSettings {
  readonly measures: readonly string[];
  /** Documents per query in a run, at most. */
  readonly topK: number;
  /** The results folder. */
  readonly output: string;
  /** The folder of stored vectors and scores, or s3://BUCKET/PREFIX; by default `.cache` in the results folder. */
  readonly store?: string | undefined;
  /** Do the work again even where a result of the same fingerprint is there. */
  readonly overwrite: boolean;
}

export interface PipelineContext extends RunnerContext {
  /** The command line, for the record. */
  readonly command: string;
  readonly threads: number;
  /** For work that is spread over machines. */
  readonly sharing?: Sharing | undefined;
}

/** Where files go that are for this machine alone, even with a bucket. */
export function localCacheFolder({ output, store }: Pick<RunSettings, 'output' | 'store'>): string {
  return store === undefined || isBucketAddress(store) ? defaultStore(output) : store;
}

/** Where vectors and scores are kept unless another store is named. */
export function defaultStore(output: string): string {
  return join(output, '.cache');
}
