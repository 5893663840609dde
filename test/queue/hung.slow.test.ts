import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeLongTask } from '../helpers/small-task.js';
import { shardsIn, start, stopModel } from './model-processes.js';
import { expectSameResults } from './results.js';

describe.skipIf(process.platform !== 'linux')('a model process that is stopped for good', () => {
  it('is replaced, and the run ends with the same bytes', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'), 600);
    const how = [
      'run',
      '--task',
      path('long'),
      '--model',
      smallModels.biEncoder,
      '--threads',
      '1',
      '--shard-size',
      '50',
    ];
    // Besides, each token adds a second: the texts are cut at a few.
    const short = [...how, '--max-tokens', '4'];
    const run = start([...short, '--store', path('store'), '--output', path('hung')], {
      SGPT_BENCH_MODEL_TIMEOUT: '2',
    });
    while (shardsIn(folder) === 0) await sleep(20);
    await stopModel(run, () => true);
    const { status, stderr } = await run.finished;
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/a model process was replaced \(no answer for \d+ s\); its texts are run again/);
    expect((await runCli([...short, '--output', path('alone')])).status).toBe(0);
    await expectSameResults(path('hung'), path('alone'));
  });
});
