import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { parseQueueAddress } from '../../src/queue/address.js';
import { Coordinator } from '../../src/queue/coordinator.js';
import { announcementKey, workerMessagesKey, versionsOf, type Versions } from '../../src/queue/protocol.js';
import { runWorker, type WorkerOptions } from '../../src/queue/queue-worker.js';
import { StoreFolder } from '../../src/stores/index.js';
import { runCli, startCli, type CliResult } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { connectTo, hasRedis, startRedis, type TestRedis } from './redis.js';
import { waitForUnmadeShard } from './unmade-shard.js';

const versions = versionsOf({ 'sgpt-bench': '1.2.3', node: '20.0.0', 'onnxruntime-node': '1.0.0' }, 'a1b2c3d4e5f60718');

/** A run that leads the queue, in this process. */
async function lead(redis: TestRedis, storeFolder: string): Promise<Coordinator> {
  const coordinator = await Coordinator.open({
    address: parseQueueAddress(redis.url),
    backend: new StoreFolder(storeFolder),
    versions,
    progress: recordingProgress(),
  });
  onTestFinished(() => coordinator.close());
  return coordinator;
}

/** A worker in this process, which ends as soon as it has nothing to do. */
function work(redis: TestRedis, storeFolder: string, own: Partial<WorkerOptions> = {}): Promise<number> {
  return runWorker({
    address: parseQueueAddress(redis.url),
    backend: new StoreFolder(storeFolder),
    datasetsDir: 'datasets',
    allow: { tasks: [], models: [] },
    threads: 1,
    versions,
    lockSeconds: 5,
    idleSeconds: 1,
    progress: recordingProgress(),
    ...own,
  });
}

/** The data of queued jobs that match. */
async function jobsWith(client: Redis, pattern: RegExp): Promise<string[]> {
  const keys = (await client.keys('sgpt-bench:shards:*')).filter((key) => /:[0-9a-f]{64}$/.test(key));
  const data = await Promise.all(keys.map((key) => client.hget(key, 'data')));
  return data.filter((text) => text !== null && pattern.test(text)) as string[];
}

describe.skipIf(!hasRedis)('workers (need redis-server)', () => {
  it('of another version are refused with the reason, which the run is told, too', async () => {
    const folder = temporaryFolder();
    const redis = await startRedis(join(folder, 'redis'));
    await lead(redis, join(folder, 'store'));
    const other: Versions = { ...versions, programs: { ...versions.programs, 'sgpt-bench': '1.3.0' } };
    const refusal = 'this worker has sgpt-bench 1.3.0, the run 1.2.3; install the same version on all machines';
    await expect(work(redis, join(folder, 'store'), { versions: other })).rejects.toThrow(new InputError(refusal));
    const notices = await connectTo(redis).lrange(workerMessagesKey, 0, -1);
    expect(notices.map((text) => (JSON.parse(text) as { reason: string }).reason)).toEqual([refusal]);
    const protocol = { ...versions, protocol: versions.protocol + 1 };
    await expect(work(redis, join(folder, 'store'), { versions: protocol })).rejects.toThrow(/protocol/);
  });

  it('with another folder as the store are refused', async () => {
    const folder = temporaryFolder();
    const redis = await startRedis(join(folder, 'redis'));
    const coordinator = await lead(redis, join(folder, 'store'));
    await expect(work(redis, join(folder, 'other'))).rejects.toThrow(/is not the store that the run fills/);
    const fitting = work(redis, join(folder, 'store'));
    await coordinator.close();
    await expect(fitting).resolves.toBe(0);
  });

  it('are for one run at a time: another store or version needs another database', async () => {
    const folder = temporaryFolder();
    const redis = await startRedis(join(folder, 'redis'));
    await lead(redis, join(folder, 'store'));
    await expect(lead(redis, join(folder, 'store'))).resolves.toBeInstanceOf(Coordinator);
    await expect(lead(redis, join(folder, 'other'))).rejects.toThrow(/in use by a run that fills another store/);
    await connectTo(redis).set(announcementKey, 'nonsense');
    await expect(lead(redis, join(folder, 'other'))).rejects.toThrow(
      /holds an announcement that this version does not/,
    );
  });

  it(
    'that see other data give their jobs back; others finish the run, with the bytes of one machine',
    { timeout: 120_000 },
    async () => {
      const folder = temporaryFolder();
      const path = (name: string): string => join(folder, name);
      await writeSmallTask(path('here/small'));
      await writeSmallTask(path('elsewhere/small'), 6, 61);
      const redis = await startRedis(path('redis'));
      const how = ['--task', 'beir/small', '--threads', '1', '--model', smallModels.causal];
      const rerank = [...how, '--runner', 'cross-encoder', '--depth', '20'];
      const queue = ['--queue', redis.url, '--store', path('store')];
      const run = startCli([
        ...['run', ...rerank, ...queue, '--shard-size', '8'],
        ...['--datasets-dir', path('here'), '--output', path('queued')],
      ]);
      onTestFinished(() => {
        run.process.kill('SIGKILL');
      });
      const worker = ['worker', ...queue, '--threads', '1', '--exit-when-idle', '1'];
      const other = startCli([...worker, '--datasets-dir', path('elsewhere')]);
      onTestFinished(() => void other.process.kill('SIGKILL'));
      const client = connectTo(redis);
      const refusals = (): Promise<string[]> => jobsWith(client, /the data here has checksum/);
      while ((await refusals()).length === 0) await sleep(50);
      const good = startCli([...worker, '--datasets-dir', path('here')]);
      onTestFinished(() => void good.process.kill('SIGKILL'));
      const alone = await runCli(['run', ...rerank, '--datasets-dir', path('here'), '--output', path('alone')]);
      expect(alone.status, alone.stderr).toBe(0);
      const { status, stderr } = await run.finished;
      expect(status, stderr).toBe(0);
      const reason =
        /beir\/small: the data here has checksum [0-9a-f]{12}…, the run's has [0-9a-f]{12}…; copy the same/;
      expect(stderr).toMatch(reason);
      expect((await good.finished).stderr).toMatch(/[1-9]\d* shards computed/);
      // It was of no use to the run, and says so when the run is over.
      const refused = await other.finished;
      expect(refused.status).toBe(2);
      expect(refused.stderr.trimEnd().split('\n').at(-1)).toMatch(reason);
      await expectSameResults(path('queued'), path('alone'));
    },
  );

  it('find a shard that cannot be computed: the run ends with the reason', async () => {
    const folder = temporaryFolder();
    await writeSmallTask(join(folder, 'small'));
    const redis = await startRedis(join(folder, 'redis'));
    const coordinator = await lead(redis, join(folder, 'store'));
    const made = waitForUnmadeShard(coordinator);
    // BullMQ gives up on a shard that kills its workers; here it is told to at once.
    const client = connectTo(redis);
    const { Queue } = await import('bullmq');
    const queue = new Queue('shards', { connection: { port: redis.port }, prefix: 'sgpt-bench' });
    onTestFinished(() => queue.close());
    const { Worker, UnrecoverableError } = await import('bullmq');
    const fatal = new Worker(
      'shards',
      () => Promise.reject(new UnrecoverableError('the vector of text 3 is not finite')),
      { connection: { port: redis.port, maxRetriesPerRequest: null }, prefix: 'sgpt-bench' },
    );
    onTestFinished(() => fatal.close());
    await expect(made).rejects.toThrow(
      new InputError('small: no worker could compute queries 1 to 4: the vector of text 3 is not finite'),
    );
    expect(await client.exists(announcementKey)).toBe(1);
  });
});

/** The most that may ever be said of the queue's password. */
function expectNoSecret(secret: string, results: readonly CliResult[], folder: string): void {
  for (const { stdout, stderr } of results) expect(stdout + stderr).not.toContain(secret);
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('record.json')) expect(readFileSync(join(folder, path), 'utf8')).not.toContain(secret);
  }
}

describe.skipIf(!hasRedis)('a queue with TLS and a password (needs redis-server)', () => {
  it.skipIf(spawnSync('openssl', ['version']).status !== 0)('works, and the password stays secret', async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const files = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', path('key.pem'), '-out', path('cert.pem')];
    expect(spawnSync('openssl', [...request, ...files]).status).toBe(0);
    const secret = 'geheim-H@fen:17/%';
    const redis = await startRedis(path('redis'), [
      ...['--port', '0', '--tls-port', 'PORT', '--tls-cert-file', path('cert.pem'), '--tls-key-file', path('key.pem')],
      ...['--tls-auth-clients', 'no', '--requirepass', 'another'],
      ...['--user', 'me', 'on', `>${secret}`, '~*', '&*', '+@all'],
    ]);
    await writeSmallTask(path('small'));
    const env = { NODE_EXTRA_CA_CERTS: path('cert.pem') };
    const server = `127.0.0.1:${redis.port}/2`;
    const url = `rediss://me:${encodeURIComponent(secret)}@${server}`;
    const store = ['--store', path('store'), '--verbose', '--threads', '1'];
    const run = [
      'run',
      '--task',
      path('small'),
      '--model',
      smallModels.biEncoder,
      ...store,
      '--output',
      path('results'),
    ];
    const worker = startCli(['worker', '--queue', `rediss://me@${server}`, ...store, '--allow', folder], {
      ...env,
      SGPT_BENCH_QUEUE_PASSWORD: secret,
    });
    const done = await runCli([...run, '--queue', url], env);
    expect(done.status, done.stderr).toBe(0);
    worker.process.kill('SIGTERM');
    const others = await Promise.all([
      worker.finished,
      runCli([...run, '--overwrite', '--queue', `rediss://me:${encodeURIComponent(`${secret}x`)}@${server}`], env),
      runCli([...run, '--overwrite', '--queue', url]),
    ]);
    expect(others.map(({ status }) => status)).toEqual([0, 2, 2]);
    expect(others[1].stderr).toMatch(/WRONGPASS/);
    expect(others[2].stderr).toMatch(/self-signed certificate/);
    for (const text of ['geheim', secret, encodeURIComponent(secret)])
      expectNoSecret(text, [done, ...others], path('results'));
    expect(readdirSync(path('results'), { recursive: true }).some((name) => String(name).endsWith('record.json'))).toBe(
      true,
    );
  });
});

describe('bad input', () => {
  it.each([
    ['http://localhost:6379', /is not the address of a queue; expected redis:/],
    ['localhost:6379', /is not the address of a queue/],
    ['redis://localhost/x', /does not end in a database number/],
    ['redis://localhost/0?password=x', /does not end in a database number/],
    ['redis://u:geheim@localhost/x', /^--queue: "redis:\/\/u:\*\*\*@localhost\/x" does not/],
  ])('%s is refused in a sentence', (url, expected) => {
    expect(() => parseQueueAddress(url)).toThrow(expected);
  });

  it('an address is read with user, password, port and database', () => {
    const { options, shown } = parseQueueAddress('rediss://me:a%40b@[::1]:7000/3');
    expect(options).toEqual({ host: '::1', port: 7000, db: 3, username: 'me', password: 'a@b', tls: {} });
    expect(shown).toBe('rediss://[::1]:7000/3');
    expect(parseQueueAddress('redis://queue.example', 'secret').options).toMatchObject({
      port: 6379,
      db: 0,
      password: 'secret',
    });
  });

  it('a queue that is not there ends a run and a worker with one sentence and exit status 2', async () => {
    const folder = temporaryFolder();
    const store = ['--store', join(folder, 'store'), '--queue', 'redis://127.0.0.1:1/0'];
    const run = ['run', '--task', 'demo/computing', '--model', smallModels.biEncoder, '--quiet', ...store];
    for (const result of await Promise.all([runCli(['worker', ...store]), runCli([...run, '--output', folder])])) {
      expect(result.status).toBe(2);
      expect(result.stderr.trimEnd().split('\n').slice(-1)[0]).toMatch(
        /^sgpt-bench: redis:\/\/127\.0\.0\.1:1\/0: the queue cannot be used \(.*ECONNREFUSED/,
      );
    }
  });

  it('a store that is a file, or in a folder without permission, is refused', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const args = ['worker', '--queue', 'redis://127.0.0.1:1/0', '--store'];
    const result = await runCli([...args, join(folder, 'file/store')]);
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/^sgpt-bench: --store .*file: cannot be created \(there is a file in its place\)/);
    // The superuser may write anywhere, except where nothing can be.
    const forbidden = process.getuid?.() === 0 ? '/sys/store' : join(folder, 'locked');
    if (forbidden !== '/sys/store') mkdirSync(forbidden, { mode: 0o500 });
    const other = await runCli([...args, join(forbidden, 'store')]);
    expect(other.status).toBe(2);
    expect(other.stderr).toMatch(/^sgpt-bench: --store .*: cannot be created/);
  });
});

/** Mounts a file system of 300 KB for the running test; false where this user may not. */
function mountDisk(folder: string): boolean {
  mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', folder]).status === 0;
  if (mounted) onTestFinished(() => void spawnSync('umount', ['--lazy', folder]));
  return mounted;
}

describe.skipIf(!hasRedis)('a full disk (needs redis-server)', () => {
  it('ends the worker with the reason, and the run goes on when there is room', async ({ skip }) => {
    const folder = temporaryFolder();
    const disk = join(folder, 'disk');
    if (!mountDisk(disk)) skip('this user may not mount a small disk');
    await writeSmallTask(join(folder, 'small'));
    const redis = await startRedis(join(folder, 'redis'));
    const queue = ['--queue', redis.url, '--store', disk, '--threads', '1'];
    const how = ['run', '--task', join(folder, 'small'), '--model', smallModels.biEncoder];
    const filler = join(disk, 'filler');
    const run = startCli([...how, ...queue, '--shard-size', '8', '--output', join(folder, 'queued')]);
    onTestFinished(() => {
      run.process.kill('SIGKILL');
    });
    const client = connectTo(redis);
    while ((await client.exists(announcementKey)) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    // Room for the worker's trial, but not for a shard.
    writeFileSync(filler, Buffer.alloc(300_000 - 5 * 4096 - (300_000 % 4096)));
    const full = await runCli(['worker', ...queue, '--allow', folder]);
    expect(full.status).toBe(2);
    expect(full.stderr).toMatch(/sgpt-bench: .*(ENOSPC|disk is full)/);
    spawnSync('rm', [filler]);
    const worker = startCli(['worker', ...queue, '--allow', folder]);
    const { status, stderr } = await run.finished;
    expect(status, stderr).toBe(0);
    worker.process.kill('SIGTERM');
    await worker.finished;
  });
});
