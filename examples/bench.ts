/** Systems on tasks in one call. Everything but the tasks has a default; results are kept and found again. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from 'sgpt-bench';

const output = await mkdtemp(join(tmpdir(), 'sgpt-bench-example-'));

const lexical = await bench({ tasks: ['demo/computing'], output });

const dense = await bench({
  tasks: ['demo/computing', 'demo/useb/twitterpara'],
  models: ['models/demo/sgpt-170k-weightedmean-specb-bitfit'],
  pooling: ['weightedmean', 'mean'],
  output,
});

for (const { record } of [...lexical, ...dense]) {
  const { task, system, mainMeasure, measures } = record;
  console.log(`${task.name}  ${system.name}  ${mainMeasure} ${measures[mainMeasure]!.toFixed(4)}`);
}
