import { join } from 'node:path';
import type { RunnerContext } from '../core/runner.js';
import type { Sharing } from '../core/shards.js';
import { isBucketAddress } from '../stores/index.js';

/** The measure of tables and plots, unless the task has another one. */
export const mainMeasure = 'nDCG@10';
/** Default measures of a retrieval task. */
export const recordedMeasures = [mainMeasure, 'nDCG@100', 'AP@100', 'R@10', 'R@100', 'P@10', 'RR@10', 'Success@10'];

/** Settings that all systems and tasks of a run share. */
export interface RunSettings {
  readonly measures: readonly string[];
  /** Maximum number of documents per query in a run. */
  readonly topK: number;
  /** The results folder. */
  readonly output: string;
  /** Folder of stored vectors and scores, or s3://BUCKET/PREFIX. Default: `.cache` in the results folder. */
  readonly store?: string | undefined;
  /** Recomputes results even if a stored one has the same fingerprint. */
  readonly overwrite: boolean;
}

export interface PipelineContext extends RunnerContext {
  /** The command line, stored in the record. */
  readonly command: string;
  readonly threads: number;
  /** Set if the work is distributed over machines. */
  readonly sharing?: Sharing | undefined;
}

/** Folder for files of this machine only, also if the store is a bucket. */
export function localCacheFolder({ output, store }: Pick<RunSettings, 'output' | 'store'>): string {
  return store === undefined || isBucketAddress(store) ? defaultStore(output) : store;
}

/** Default store of vectors and scores. */
export function defaultStore(output: string): string {
  return join(output, '.cache');
}
