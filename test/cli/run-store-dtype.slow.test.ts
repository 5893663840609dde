import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultRecord } from '../../src/results/record.js';
import { headerBytes } from '../../src/stores/vectors/shard-file.js';
import { runCli } from '../helpers/cli.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

let folder: string;
let args: string[];
let float32: ResultRecord;
let float16: ResultRecord;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-store-dtype-'));
  await writeSmallTask(path('task'));
  args = ['run', '--task', path('task'), '--model', smallModels.biEncoder, '--threads', '1', '--json', '--quiet'];
  float32 = await recordOf([...args, '--output', path('both')]);
  float16 = await recordOf([...args, '--output', path('both'), '--store-dtype', 'float16']);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function recordOf(command: readonly string[]): Promise<ResultRecord> {
  const { status, stdout, stderr } = await runCli(command);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return (JSON.parse(stdout) as ResultRecord[])[0]!;
}

/** The sizes of the shards below a folder, by name. */
function shardsIn(where: string): Map<string, number> {
  const files = readdirSync(where, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.vectors'));
  return new Map(files.map((file) => [basename(file, '.vectors'), statSync(join(where, file)).size]));
}

describe('run --store-dtype float16', () => {
  it('is another system, and float32 is recorded as it was before there was a choice', () => {
    expect(float32.system.settings).not.toHaveProperty('storeDtype');
    expect(float16.system.settings).toEqual({ ...float32.system.settings, storeDtype: 'float16' });
    expect(float16.system.name).toBe(`${float32.system.name} stored float16`);
    expect(float16.system.model).toEqual(float32.system.model);
    expect(float16.fingerprint).not.toBe(float32.fingerprint);
    expect(float16.provenance.cost.texts).toBe(float32.provenance.cost.texts); // nothing is taken from float32's shards
  });

  it('keeps vectors in half the room, under the same keys', () => {
    const shards = shardsIn(path('both/.cache'));
    const halves = [...shards].filter(([name]) => name.endsWith('.float16'));
    expect(halves).toHaveLength(shards.size / 2);
    for (const [name, bytes] of halves)
      expect(2 * (bytes - headerBytes)).toBe(shards.get(name.replace('.float16', ''))! - headerBytes);
  });

  it('gives the same bytes from the store as from the model', async () => {
    const again = [...args, '--output', path('again'), '--store-dtype', 'float16', '--store', path('both/.cache')];
    expect((await recordOf(again)).provenance.cost.texts).toBe(0);
    const [run, other] = [path('both'), path('again')].map((results) => {
      const file = readdirSync(results, { recursive: true, encoding: 'utf8' }).find((name) =>
        /stored-float16.*run\.trec\.gz$/.test(name),
      )!;
      return readFileSync(join(results, file), 'base64');
    });
    expect(other).toBe(run);
  });

  it('stands beside float32 in reports, and is never held against it by a gate', async () => {
    const report = await runCli(['report', path('both'), '--output', path('report'), '--format', 'json']);
    expect(report).toMatchObject({ status: 0 });
    expect(readFileSync(path('report/report.json'), 'utf8')).toContain(float16.system.name);
    const check = (results: string, ...more: string[]): ReturnType<typeof runCli> =>
      runCli(['check', '--baseline', path('baseline.json'), '--results', results, ...more]);
    await runCli([...args, '--output', path('single')]);
    expect(await check(path('single'), '--update')).toMatchObject({ status: 0 });
    const { status, stdout } = await check(path('again'));
    expect(status).toBe(1);
    expect(stdout).toMatch(/missing/);
    expect(stdout).toMatch(/new/);
  });

  it("leaves cross-encoders' scores as they are", async () => {
    const scoring = ['--model', smallModels.causal, '--depth', '5', '--output', path('scores')];
    const refused = await runCli([...args, ...scoring, '--runner', 'cross-encoder', '--store-dtype', 'float16']);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringMatching(/--store-dtype is not for/) as string });
    const both = [...args, ...scoring, '--runner', 'bi-encoder,cross-encoder', '--brackets', 'none'];
    const { stdout } = await runCli([...both, '--store-dtype', 'float16']);
    const [embedded, scored] = JSON.parse(stdout) as ResultRecord[];
    expect(embedded!.system.settings).toHaveProperty('storeDtype', 'float16');
    expect(scored!.system.settings).not.toHaveProperty('storeDtype');
    await runCli([...args, ...scoring, '--runner', 'cross-encoder']);
    const names = [...shardsIn(path('scores')).keys()];
    expect(names.filter((name) => !name.endsWith('.float16'))).toHaveLength(1);
  });
});
