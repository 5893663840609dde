/** Two results of the same data: paired tests, and the queries that moved most. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from 'sgpt-bench';
import { renderComparison } from 'sgpt-bench/reports';
import { compareResults, loadVerifiedFully } from 'sgpt-bench/results';

const output = await mkdtemp(join(tmpdir(), 'sgpt-bench-example-'));
const results = await bench({
  tasks: ['demo/computing'],
  models: ['models/demo/sgpt-870k-weightedmean-specb-bitfit'],
  pooling: ['mean', 'weightedmean'],
  output,
});
const [mean, weighted] = await Promise.all(results.map(loadVerifiedFully));
console.log(renderComparison(compareResults(mean!, weighted!, { measures: ['nDCG@10'], queries: 3 })));
