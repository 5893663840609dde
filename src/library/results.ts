/** `sgpt-bench/results`: runs and result records: reading, writing, comparing. */
export { compareResults, type ResultComparison } from '../results/compare/comparison.js';
export type { ScoredResult } from '../results/compare/pairing.js';
export type { PerQuery, ResultRecord } from '../results/record.js';
export { readRun, writeRun } from '../results/run-file.js';
export { loadPerQuery, loadResult, loadResults, type StoredResult } from '../results/store.js';
export { mergeFolders, type Merged } from '../pipeline/merge.js';
