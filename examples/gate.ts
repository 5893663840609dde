/** A gate for CI: a baseline holds the scores of each query; a drop that is no chance, or large in itself, fails. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from 'sgpt-bench';
import { baselineOf, checkBaseline, defaultLimits, hasFailed, renderCheckText, renderJunit } from 'sgpt-bench/gate';
import { sortResults } from 'sgpt-bench/results';

const folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-example-'));
const before = await bench({ tasks: ['demo/computing'], output: join(folder, 'before') });
// Results that are whole: a run that was exchanged, or a mean that does not follow from the scores, is damaged.
const baseline = baselineOf((await sortResults(before)).whole);

// The same work again, as after a change to the code.
const after = await bench({ tasks: ['demo/computing'], output: join(folder, 'after'), overwrite: true });
const { whole, damaged } = await sortResults(after);
const report = {
  title: 'Search quality',
  against: 'baseline' as const,
  rule: `more than ${defaultLimits.maxDrop} below the baseline`,
  cases: checkBaseline(baseline, whole, defaultLimits, damaged),
};
console.log(renderCheckText(report));
console.log(renderJunit([report]).split('\n').length, 'lines of JUnit XML');
console.log(hasFailed(report) ? 'failed' : 'passed');
