import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, startCli, type CliResult } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { html, refusal, startMemoryS3 } from '../stores/memory-s3.js';
import { bucketEnvironment, startS3rver } from '../stores/s3-server.js';
import { hasRedis, startRedis } from './redis.js';
import { expectSameResults } from './results.js';

const secret = 'geheim-Hafen-17';
const store = ['--store', 's3://bench/store'];

/** Expects exit status 2 and one sentence, without a stack trace, notes that came before it apart. */
function expectRefusal({ status, stderr }: CliResult, sentence: RegExp): void {
  expect(status, stderr).toBe(2);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('sgpt-bench: '))).toEqual([lines.at(-1)]);
  expect(lines.at(-1)).toMatch(sentence);
}

describe.skipIf(!hasRedis)('a bucket that the workers of a queue fill (needs redis-server)', () => {
  it('gives the bytes of one machine', async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeSmallTask(path('small'));
    const redis = await startRedis(path('redis'));
    const { url, keys } = await startS3rver();
    const environment = bucketEnvironment(url);
    const how = ['run', '--task', path('small'), '--threads', '1', '--model', smallModels.causal, '--depth', '20'];
    const both = [...how, '--runner', 'bi-encoder,cross-encoder'];
    const queue = ['--queue', redis.url, ...store];
    const work = ['worker', ...queue, '--threads', '1', '--allow', folder];
    const workers = [startCli(work, environment), startCli(work, environment)];
    onTestFinished(() => {
      for (const { process } of workers) process.kill('SIGKILL');
    });
    const shared = [...both, ...queue, '--shard-size', '8', '--output', path('queued')];
    const [queued, alone] = await Promise.all([
      runCli(shared, environment),
      runCli([...both, '--output', path('alone')]),
    ]);
    for (const { process } of workers) process.kill('SIGTERM');
    for (const { status, stderr } of [queued, alone]) expect(status, stderr).toBe(0);
    await expectSameResults(path('queued'), path('alone'));
    let made = 0;
    for (const { finished } of workers) made += Number(/(\d+) shards computed/.exec((await finished).stderr)?.[1]);
    const shards = (await keys()).filter((key) => /^store\/[0-9a-f]{2}\/[0-9a-f]{64}\.vectors$/.test(key));
    expect(made).toBeGreaterThanOrEqual(shards.length);
    expect((await keys()).filter((key) => !shards.includes(key))).toEqual(['store/store-id']);
    // Texts, vectors and scores are all in the bucket: nothing of them is kept here.
    expect(readdirSync(path('queued'), { recursive: true }).filter((name) => String(name).includes('.cache'))).toEqual(
      [],
    );
  });
});

describe('a bucket without a queue', () => {
  it('is filled by shares, mended where it is damaged, and gives the bytes of one machine', async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeSmallTask(path('small'));
    const { url, objects, requests } = await startMemoryS3();
    const environment = bucketEnvironment(url, { AWS_SECRET_ACCESS_KEY: secret });
    const how = ['run', '--task', path('small'), '--threads', '1', '--model', smallModels.biEncoder];
    const shared = [...how, ...store, '--shard-size', '8'];
    const shares = await Promise.all(
      ['1/2', '2/2'].map((share) => runCli([...shared, '--shard', share, '--output', path('shares')], environment)),
    );
    for (const { status, stderr } of shares) expect(status, stderr).toBe(0);
    const filled = new Map(objects);
    requests.length = 0;
    const [done, alone] = await Promise.all([
      runCli([...shared, '--output', path('shared')], environment),
      runCli([...how, '--output', path('alone')]),
    ]);
    for (const { status, stderr } of [done, alone]) expect(status, stderr).toBe(0);
    await expectSameResults(path('shared'), path('alone'));
    expect(requests.filter((line) => line.startsWith('PUT') && line.endsWith('.vectors'))).toEqual([]);

    const [cut, changed] = [...objects.keys()] as [string, string];
    objects.set(cut, objects.get(cut)!.subarray(0, -1));
    const otherBytes = Buffer.from(objects.get(changed)!);
    otherBytes.writeUInt8(otherBytes.at(-6)! ^ 1, otherBytes.length - 6); // in the numbers, behind the header
    objects.set(changed, otherBytes);
    const again = [...shared, '--overwrite', '--output', path('again')];
    // One that was cut off is seen at once; one with other bytes only when it is read, and is then gone.
    const damaged = await runCli(again, environment);
    expectRefusal(
      damaged,
      /the stored vectors [0-9a-f]{64} were damaged or deleted meanwhile; run the same command again/,
    );
    const mended = await runCli(again, environment);
    expect(mended.status, mended.stderr).toBe(0);
    await expectSameResults(path('again'), path('alone'));
    expect(objects).toEqual(filled);

    const said = [...shares, done, damaged, mended].map(({ stdout, stderr }) => stdout + stderr).join('');
    const written = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(written.length).toBeGreaterThan(2);
    for (const text of [said, ...written]) expect(text).not.toContain(secret);
  });

  it('that cannot be used ends a run and a worker with one sentence and exit status 2', async () => {
    const folder = temporaryFolder();
    const { url: checking } = await startS3rver();
    const server = await startMemoryS3();
    server.fault = (line) =>
      line.includes('/pages/') ? html(200) : line.includes('/closed/') ? refusal(403, 'AccessDenied') : undefined;
    const run = ['run', '--task', 'demo/computing', '--model', smallModels.biEncoder, '--quiet', '--output', folder];
    const worker = ['worker', '--queue', 'redis://127.0.0.1:1/0'];
    const cases: [readonly string[], string, string, RegExp][] = [
      [
        run,
        's3://elsewhere/x',
        server.url,
        /^sgpt-bench: --store s3:\/\/elsewhere\/x: bucket "elsewhere" does not exist/,
      ],
      [worker, 's3://bench/closed', server.url, /no permission \(AccessDenied\)/],
      [worker, 's3://bench/pages', server.url, /is not that of an S3 server/],
      [run, 's3://bench', checking, /does not accept the credentials \(SignatureDoesNotMatch\)/],
      [worker, 's3://bench', 'http://127.0.0.1:1', /does not respond, or breaks the connection \(ECONNREFUSED\)/],
      [worker, `s3://S3RVER:${secret}@bench`, server.url, /^sgpt-bench: --store s3:\/\/…: the address has credentials/],
    ];
    const done = cases.map(async ([command, address, endpoint, sentence]) => {
      const environment = bucketEnvironment(endpoint, { AWS_SECRET_ACCESS_KEY: secret });
      const result = await runCli([...command, '--store', address], environment);
      expectRefusal(result, sentence);
      expect(result.stdout + result.stderr).not.toContain(secret);
    });
    await Promise.all(done);
    expect([...server.objects.keys(), ...readdirSync(folder)]).toEqual([]);
  });

  it('is nothing to merge', async () => {
    const result = await runCli(['merge', 's3://bench/one', 's3://bench/two', '--output', temporaryFolder()]);
    expectRefusal(result, /^sgpt-bench: merge is for folders: machines that write to one bucket .* need no merge$/);
  });
});
