import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultRecord } from '../../src/results/record.js';
import { runCli, type CliResult } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { startOpenAiServer } from '../remote/openai-server.js';

let task: string;
beforeAll(async () => {
  task = mkdtempSync(join(tmpdir(), 'sgpt-bench-hosted-'));
  await writeSmallTask(task);
});
afterAll(() => {
  rmSync(task, { recursive: true });
});

const key = 'sk-test-0123456789abcdefghij';

function run(output: string, args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  return runCli(['run', '--task', task, '--output', output, '--threads', '1', ...args], {
    OPENAI_API_KEY: key,
    ...env,
  });
}

/** The contents of all files of a folder, decompressed. */
function everythingIn(folder: string): string {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return paths
    .filter((path) => statSync(path).isFile())
    .map((path) => {
      const bytes = readFileSync(path);
      return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
    })
    .join('\n');
}

describe('run with hosted models', () => {
  it('evaluates an encoder, records its cost, and sends no request the second time', async () => {
    const server = await startOpenAiServer();
    const output = temporaryFolder();
    const args = ['--model', 'openai:hash', '--endpoint', server.url, '--price-per-million', '0.5', '--json'];
    const first = await run(output, args);
    expect(first).toMatchObject({ status: 0 });
    const [record] = JSON.parse(first.stdout) as [ResultRecord];
    const host = new URL(server.url).host;
    expect(record.system).toMatchObject({
      name: `BE openai:hash@${host} hosted`,
      model: { id: `openai:hash@${host}`, parameters: null, files: {} },
      settings: { endpoint: server.url, hostedModel: 'hash', layer: null },
    });
    const { requests, tokens, price } = record.provenance.cost;
    expect(requests).toBe(server.requests.length);
    expect(price).toBeCloseTo((tokens! * 0.5) / 1e6, 12);
    expect(server.requests.every(({ authorization }) => authorization === `Bearer ${key}`)).toBe(true);
    const again = await run(output, [...args, '--overwrite', '--top-k', '7']);
    expect(again.status).toBe(0);
    expect(server.requests).toHaveLength(requests!);
    expect(first.stdout + first.stderr + again.stderr + everythingIn(output)).not.toContain(key);
    const report = await runCli([
      'report',
      output,
      '--newest',
      '--output',
      join(output, 'report'),
      '--format',
      'html,csv,md,json,latex',
    ]);
    expect(report).toMatchObject({ status: 0 });
  });

  it('re-ranks with a pair scorer, by token ids', async () => {
    const server = await startOpenAiServer();
    const model = ['--model', 'openai:hash', '--endpoint', server.url, '--tokenizer', smallModels.causal, '--json'];
    server.seesAll = true;
    const { status, stdout } = await run(temporaryFolder(), [...model, '--runner', 'cross-encoder', '--depth', '3']);
    expect(status).toBe(0);
    const [record] = JSON.parse(stdout) as [ResultRecord];
    expect(record.system.model!.files).toEqual({ 'tokenizer.json': expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(record.provenance.cost).toMatchObject({ pairs: 18, requests: server.requests.length });
  });

  it('refuses a pair scorer that tells no documents apart', async () => {
    const server = await startOpenAiServer();
    const model = ['--model', 'openai:hash', '--endpoint', server.url, '--tokenizer', smallModels.causal];
    const { status, stderr } = await run(temporaryFolder(), [...model, '--runner', 'cross-encoder', '--depth', '3']);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/all documents of each of the 6 queries have the same score/) as string,
    });
  });

  it('never shows the key, also if the server repeats it', async () => {
    const server = await startOpenAiServer();
    const output = temporaryFolder();
    const body = JSON.stringify({ error: { message: `Incorrect API key provided: ${key}.` } });
    server.faults.push({ kind: 'status', status: 401, body }, { kind: 'status', status: 401, body });
    for (const verbose of [[], ['--verbose']]) {
      const args = ['--model', 'openai:hash', '--endpoint', server.url, ...verbose];
      const { status, stdout, stderr } = await run(output, args);
      expect(status).toBe(2);
      expect(stderr).toMatch(/answers 401 \(Incorrect API key provided: \[key\]\.\); the key is missing or wrong/);
      expect(stdout + stderr + everythingIn(output)).not.toContain(key);
    }
  });

  const mistakes: [string, string[], RegExp][] = [
    ['an HTML page', ['--model', 'openai:hash'], /answers with HTML, expected JSON/],
    [
      'a password in a URL',
      ['--model', 'openai:hash', '--endpoint', 'http://me:geheim@host'],
      /^(?!.*geheim).*secrets into/m,
    ],
    ['an option without a hosted model', ['--endpoint', 'http://host'], /--endpoint is for hosted models/],
    ['a pooling', ['--model', 'openai:hash', '--pooling', 'mean'], /pooled by its server; leave --pooling out/],
    ['a dtype', ['--model', 'openai:hash', '--dtype', 'int8'], /leave --dtype out/],
    ['a missing name', ['--model', 'openai:'], /the model's name is missing; expected openai:MODEL/],
    [
      'a prompt that asks for an answer',
      ['--model', 'openai:hash', '--runner', 'cross-encoder', '--prompt', 'L'],
      /prompt "L"/,
    ],
    [
      'a password for a search server',
      ['--runner', 'oracle', '--first-stage', 'elasticsearch:http://me:geheim@host:9200'],
      /^(?!.*geheim).*ELASTICSEARCH_USERNAME/m,
    ],
    [
      'an unreachable search server',
      ['--runner', 'oracle', '--first-stage', 'elasticsearch:http://127.0.0.1:1'],
      /ECONNREFUSED/,
    ],
  ];
  it.each(mistakes)('reports %s in one sentence, with exit status 2', async (_, args, expected) => {
    const server = await startOpenAiServer();
    server.faults.push({ kind: 'html' });
    const endpoint = args.includes('openai:hash') && !args.includes('--endpoint') ? ['--endpoint', server.url] : [];
    const { status, stderr } = await run(temporaryFolder(), [...args, ...endpoint, '--quiet']);
    expect(stderr).toMatch(expected);
    expect({ status, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, lines: 1 });
  });
});
