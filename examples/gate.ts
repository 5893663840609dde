/** A gate for CI: a baseline holds the scores of each query; a drop that is large and no chance fails. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from 'sgpt-bench';
import { baselineOf, checkBaseline, defaultLimits, hasFailed, renderCheckText, renderJunit } from 'sgpt-bench/gate';
import { loadPerQuery, type StoredResult } from 'sgpt-bench/results';

const scored = (results: readonly StoredResult[]) =>
  Promise.all(results.map(async (result) => ({ ...result, perQuery: await loadPerQuery(result) })));

const folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-example-'));
const before = await bench({ tasks: ['demo/computing'], output: join(folder, 'before') });
const baseline = baselineOf(await scored(before));

// The same work again, as after a change to the code.
const after = await bench({ tasks: ['demo/computing'], output: join(folder, 'after'), overwrite: true });
const report = {
  title: 'Search quality',
  against: 'baseline' as const,
  rule: `more than ${defaultLimits.maxDrop} below the baseline`,
  cases: checkBaseline(baseline, await scored(after), defaultLimits),
};
console.log(renderCheckText(report));
console.log(renderJunit([report]).split('\n').length, 'lines of JUnit XML');
console.log(hasFailed(report) ? 'failed' : 'passed');
