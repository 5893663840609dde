import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ResultRecord } from '../../src/results/record.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

it('runs a task file with its prompts and its main measure', async () => {
  const folder = temporaryFolder();
  await writeSmallTask(folder);
  const task = {
    name: 'acme/small',
    corpus: 'corpus.jsonl',
    queries: 'queries.jsonl',
    qrels: { test: 'qrels/test.tsv' },
    prompts: ['A', 'Text: {document}\nQuestion: {query}'],
  };
  await writeFiles(folder, {
    'task.json': JSON.stringify({ ...task, mainMeasure: 'RR@7' }),
    'wrong.json': JSON.stringify({ ...task, mainMeasure: 'RR@x' }),
  });
  const args = ['--runner', 'cross-encoder', '--model', smallModels.causal, '--depth', '3', '--limit-queries', '2'];
  const run = (...more: string[]): ReturnType<typeof runCli> =>
    runCli(['run', ...args, '--output', join(folder, 'results'), '--threads', '1', '--json', ...more]);
  const own = await run('--task', join(folder, 'task.json'));
  expect(own).toMatchObject({ status: 0 });
  const records = JSON.parse(own.stdout) as ResultRecord[];
  expect(records.map((record) => [record.task.name, record.mainMeasure, record.system.settings['prompt']])).toEqual([
    ['acme/small', 'RR@7', expect.anything()],
    ['acme/small', 'RR@7', expect.anything()],
  ]);
  expect(records[0]!.system.settings).not.toEqual(records[1]!.system.settings);
  expect(records[0]!.measures).toHaveProperty('RR@7');
  const told = JSON.parse((await run('--task', join(folder, 'task.json'), '--prompt', 'A')).stdout) as ResultRecord[];
  expect(told.map(({ fingerprint }) => fingerprint)).toEqual([records[0]!.fingerprint]);
  const wrong = await run('--task', join(folder, 'wrong.json'));
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(/RR@x/);
});
