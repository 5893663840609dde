import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { allowedTask, requireAllowedModel } from '../../src/queue/allowed-folders.js';
import { JobRefusals } from '../../src/queue/job-refusals.js';
import { versionDifference, versionsOf } from '../../src/queue/protocol.js';
import { JobRefusal } from '../../src/queue/refusals.js';
import { recordingProgress } from '../helpers/progress.js';

const refusal = (worker: string): { worker: string; reason: string; since: number; at: number } => ({
  ...{ worker, reason: 'no such data', since: 0, at: 0 },
});

describe('a job that workers refuse', () => {
  it('ends the run once all have refused it, and a shard that is done gives more time', () => {
    const progress = recordingProgress();
    const refusals = new JobRefusals(progress, 0);
    refusals.record('1', [refusal('a'), refusal('b')]);
    expect(refusals.poll(new Set(['a', 'b', 'c']))).toBeUndefined();
    expect(refusals.poll(new Set(['a', 'b']))).toEqual(
      new InputError(
        'for 0 minutes no worker could do a part of the run; b says: no such data; finished work is kept, run the same command to go on',
      ),
    );
    refusals.done('1');
    expect(refusals.poll(new Set(['a', 'b']))).toBeUndefined();
    expect(progress.notes).toEqual([
      'worker a cannot do its part: no such data',
      'worker b cannot do its part: no such data',
      'every worker has refused a part of the run; it ends in 0 minutes unless another worker comes',
    ]);
  });

  it('does not end the run before its time', () => {
    const refusals = new JobRefusals(recordingProgress(), 5);
    refusals.record('1', [refusal('a')]);
    expect(refusals.poll(new Set(['a']))).toBeUndefined();
    expect(refusals.poll(new Set())).toBeUndefined();
  });
});

describe('what a job may name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-test-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const path = (name: string): string => join(folder, name);
  mkdirSync(path('data/own'), { recursive: true });
  mkdirSync(path('data-other'));
  mkdirSync(path('models/m'), { recursive: true });
  writeFileSync(path('secret.json'), '{}');
  symlinkSync(path('secret.json'), path('data/link.json'));
  symlinkSync(path('data'), path('also-data'));
  const allow = { tasks: [path('data')], models: [path('models')] };
  const task = (name: string): Promise<string> => allowedTask(name, path('data'), allow);

  it.each(['beir/nfcorpus', 'demo/computing', 'useb/askubuntu', 'beir/own'])(
    '%s, a name, is left to the table',
    async (name) => {
      expect(await task(name)).toBe(name);
    },
  );

  it('is a path below an allowed folder, also by way of a link', async () => {
    for (const name of [path('data/own'), path('data'), path('also-data/own')]) expect(await task(name)).toBe(name);
    expect(await task('/on/another/machine/own')).toBe(path('data/own'));
    await requireAllowedModel(path('models/m'), allow);
    await requireAllowedModel('organisation/name@main', allow);
    await requireAllowedModel(null, allow);
  });

  it.each([
    path('secret.json'),
    path('data/../secret.json'),
    path('data/link.json'),
    path('data-other'),
    path('data/missing'),
    path('missing'),
    'beir/../secret.json',
    'beir/..',
    '/etc/passwd',
    '/proc/self/environ',
    'a\0b',
  ])('is not %j', async (name) => {
    await expect(task(name)).rejects.toThrow(JobRefusal);
    await expect(task(name)).rejects.toThrow(/the data set is not below a folder that this worker may open for a job/);
  });

  it.each([path('data'), '/etc', 'src', '../main', 'hf:organisation/name', 'https://host/model'])(
    'is not the model %s',
    async (name) => {
      await expect(requireAllowedModel(name, allow)).rejects.toThrow(
        /the model is not below a folder that this worker may/,
      );
    },
  );

  it('is no hosted model', async () => {
    await expect(requireAllowedModel('openai:gpt', allow)).rejects.toThrow(/is a hosted model/);
  });

  it('cannot be told apart by whether it exists', async () => {
    const sentence = (name: string): Promise<string> =>
      task(name).catch((error: unknown) => (error as Error).message.replaceAll(name, 'NAME'));
    expect(await sentence('/etc/passwd')).toBe(await sentence('/etc/not-there'));
  });

  it('is shown without control characters, and not at full length', () => {
    const { message } = new JobRefusal(`\u001b[2J${'x'.repeat(10_000)}`);
    expect(message).toMatch(/^\\x1b\[2Jx+/);
    expect(message.length).toBeLessThan(1000);
  });
});

describe('two programs', () => {
  const programs = { 'sgpt-bench': '1.2.3', node: '20.0.0', 'onnxruntime-node': '1.30.0' };
  const own = versionsOf(programs, 'aaaaaaaabbbbbbbb');

  it('are told apart by version, ONNX Runtime and build, but not by Node', () => {
    expect(versionDifference(own, versionsOf({ ...programs, node: '22.0.0' }, own.build))).toBeUndefined();
    expect(versionDifference(own, versionsOf({ ...programs, 'onnxruntime-node': '1.29.0' }, own.build))).toBe(
      'this worker has onnxruntime-node 1.30.0, the run 1.29.0; install the same version on all machines',
    );
    expect(versionDifference(own, versionsOf(programs, 'ccccccccdddddddd'))).toBe(
      'this worker is build aaaaaaaa, the run build cccccccc of the same version; ' +
        'install the same package with the same package-lock.json on all machines',
    );
  });
});
