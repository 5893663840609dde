/** `sgpt-bench/results`: runs and result records: reading, writing, comparing. */
export { compareResults, type ResultComparison } from '../results/compare/comparison.js';
export type { PerQuery, ResultRecord } from '../results/record.js';
export { readRun, writeRun } from '../results/run-file.js';
export { loadPerQuery, loadResult, loadResults, type StoredResult } from '../results/store.js';
export {
  loadVerified,
  loadVerifiedFully,
  loadVerifiedResults,
  sortResults,
  type DamagedResult,
  type ScoredResult,
  type SortedResults,
} from '../results/verify.js';
export { mergeFolders, type Merged } from '../pipeline/merge.js';
