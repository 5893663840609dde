import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.js';
import { biEncoders, bm25, storeWhole } from '../reports/fixtures.js';

let folder: string;
let first: string;
let second: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-report-cli-'));
  [first, second] = [join(folder, 'first'), join(folder, 'second')];
  await storeWhole(first, bm25, { name: 'demo/computing' }, 0.3);
  await storeWhole(second, biEncoders[0]!, { name: 'demo/computing' }, 0.4, 2);
});

afterAll(() => rm(folder, { recursive: true }));

describe('report', () => {
  it('merges folders, writes the formats asked for and prints the table', async () => {
    const output = join(folder, 'report');
    const options = ['--format', 'md,html,csv', '--reference', bm25.name, '--title', 'Both'];
    const { status, stdout, stderr } = await runCli(['report', first, second, '--output', output, ...options]);
    expect(stderr.split('\n').slice(0, -1)).toEqual(
      ['report.md', 'size.svg', 'significance.svg', 'index.html', 'scores-long.csv', 'scores-wide.csv'].map(
        (name) => `wrote ${join(output, name)}`,
      ),
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/^BE sgpt-1m weightedmean +1\.2M +0\.[34]\d{3}\*$/m);
    expect((await readdir(output)).sort()).toHaveLength(6);
    expect(await readFile(join(output, 'report.md'), 'utf8')).toMatch(/^# Both\n/);
  });

  it.each([
    ['a folder that is not there', ['missing'], /missing: there is no such folder/],
    ['an unknown format', ['--format', 'pdf'], /unknown format "pdf".*known: html, md/],
    ['no format', ['--format', ','], /expected names separated by commas, found ","/],
    ['an unknown reference', ['--reference', 'BM52'], /unknown reference "BM52"/],
    ['a task without results', ['--tasks', 'beir/nq'], /unknown task "beir\/nq"/],
  ])('%s is one sentence and exit code 2, and writes nothing', async (_, args, message) => {
    const output = join(folder, 'nothing');
    const folders = args[0]!.startsWith('--') ? [first] : [];
    const { status, stdout, stderr } = await runCli(['report', ...folders, ...args, '--output', output]);
    expect(status).toBe(2);
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(await readdir(folder)).not.toContain('nothing');
  });
});
