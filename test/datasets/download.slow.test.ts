import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputError, InterruptedError } from '../../src/core/errors.js';
import { usebDatasets } from '../../src/core/useb.js';
import { downloadFile } from '../../src/io/download.js';
import { downloadDataset } from '../../src/suites/beir/download.js';
import { beirEntries } from '../../src/suites/beir/entries.js';
import type { BeirEntry } from '../../src/suites/beir/entry.js';
import { downloadAll } from '../../src/suites/install.js';
import { useb } from '../../src/suites/useb.js';
import { openRetrieval, openUsebTasks } from '../helpers/tasks.js';

const beirEntry = (wanted: string): BeirEntry => beirEntries.find(({ name }) => name === wanted)!;
import { runCli } from '../helpers/cli.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { nfcorpusArchive, nfcorpusMissing } from '../helpers/nfcorpus.js';
import { recordingProgress } from '../helpers/progress.js';
import { startFileServer, type FileServer } from './file-server.js';
import { zipOf } from './zip-writer.js';

const files = {
  'corpus.jsonl': `{"_id": "d1", "title": "", "text": "${randomBytes(100_000).toString('hex')}"}\n`,
  'queries.jsonl': '{"_id": "q1", "text": "one"}\n',
  'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq1\td1\t1\n',
};
const archive = zipOf(Object.entries(files).map(([name, data]) => ({ name: `small/${name}`, data })));
const hashOf = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');

/** An entry for the archive at a server. */
function entryFor(server: Pick<FileServer, 'address'>, bytes: Uint8Array = archive, name = 'small'): BeirEntry {
  return {
    ...beirEntry('nfcorpus'),
    name,
    hub: `BeIR/${name}`,
    splits: { test: { queries: 1, judgements: 1 } },
    archive: {
      url: `${server.address}/${name}.zip`,
      bytes: bytes.length,
      md5: hashOf('md5', bytes),
      sha256: hashOf('sha256', bytes),
      wrongMd5: [],
    },
  };
}

const retry = { retries: 3, firstDelayMs: 1, maxDelayMs: 100, timeoutMs: 1000 };

interface Trial {
  readonly server: FileServer;
  readonly datasetsDir: string;
  readonly progress: ReturnType<typeof recordingProgress>;
  download(changes?: { mirror?: string; signal?: AbortSignal; entry?: BeirEntry }): Promise<string>;
  /** Bytes of the unfinished archive. */
  readonly kept: () => Promise<number>;
}

async function trial(): Promise<Trial> {
  const server = await startFileServer({ '/small.zip': archive });
  const datasetsDir = join(temporaryFolder(), 'datasets');
  const progress = recordingProgress();
  return {
    server,
    datasetsDir,
    progress,
    download: ({ entry = entryFor(server), ...changes } = {}) =>
      downloadDataset(entry, { datasetsDir, progress, retry, ...changes }),
    kept: async () => (await stat(join(datasetsDir, '.downloads', 'small.zip.part'))).size,
  };
}

/** Expects a complete data set, and no other files. */
async function expectWhole({ datasetsDir }: Pick<Trial, 'datasetsDir'>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    expect(await readFile(join(datasetsDir, 'small', name), 'utf8')).toBe(content);
  }
  expect(await readdir(datasetsDir)).toEqual(['.downloads', 'small']);
  expect(await readdir(join(datasetsDir, '.downloads'))).toEqual([]);
}

describe('a download', () => {
  it('downloads, checks and unpacks an archive, and reports progress', async () => {
    const t = await trial();
    expect(await t.download()).toBe(join(t.datasetsDir, 'small'));
    await expectWhole(t);
    expect(t.server.requests).toEqual([{ path: '/small.zip', range: undefined }]);
    const [stage] = t.progress.stages;
    expect(stage).toEqual({
      label: 'download small',
      total: Math.floor(archive.length / 1000),
      done: Math.floor(archive.length / 1000),
      ended: true,
    });
  });

  it('leaves an existing data set alone', async () => {
    const t = await trial();
    await writeFiles(t.datasetsDir, { 'small/mine': 'x' });
    await t.download();
    expect(t.server.requests).toEqual([]);
    expect(await readdir(join(t.datasetsDir, 'small'))).toEqual(['mine']);
    expect(t.progress.notes[0]).toMatch(/small: is already at/);
  });

  it('resumes by a range request after a broken connection', async () => {
    const t = await trial();
    t.server.next.push(
      { kind: 'cut', after: 60_000, arrived: () => expect.poll(t.kept).toBe(60_000) },
      { kind: 'cut', after: 20_000, arrived: () => expect.poll(t.kept).toBe(80_000) },
    );
    await t.download();
    await expectWhole(t);
    expect(t.server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=60000-', 'bytes=80000-']);
  });

  it('retries after server errors and after a stall', async () => {
    const t = await trial();
    t.server.next.push(
      { kind: 'status', status: 500 },
      { kind: 'status', status: 503 },
      { kind: 'stall', after: 50_000 },
    );
    await t.download();
    await expectWhole(t);
    expect(t.server.requests.map(({ range }) => range)).toEqual([undefined, undefined, undefined, 'bytes=50000-']);
    expect(t.progress.notes).toEqual([
      'small: the server answers 500 Internal Server Error; trying again',
      'small: the server answers 503 Service Unavailable; trying again',
      'small: the server sent nothing for 1 s; trying again',
      'small: unpacking',
    ]);
  });

  it('restarts if the server ignores ranges', async () => {
    const t = await trial();
    t.server.ranges = false;
    t.server.next.push({ kind: 'stall', after: 50_000 });
    await t.download();
    await expectWhole(t);
    expect(t.server.requests[1]!.range).toBe('bytes=50000-');
  });

  it('restarts if the file has changed', async () => {
    const t = await trial();
    const older = Buffer.from(archive).fill(7);
    t.server.files.set('/small.zip', older);
    t.server.next.push({ kind: 'stall', after: 50_000 });
    const failed = t.download({ entry: entryFor(t.server) });
    await t.server.stalled;
    t.server.files.set('/small.zip', archive);
    t.server.etag = '"2"';
    await failed;
    await expectWhole(t);
  });

  it('gives up after its retries, and resumes in a later call', async () => {
    const t = await trial();
    t.server.next.push(
      { kind: 'stall', after: 50_000 },
      ...Array.from({ length: 4 }, () => ({ kind: 'status', status: 502 }) as const),
    );
    const first = t.download();
    await expect(first).rejects.toBeInstanceOf(InputError);
    await expect(first).rejects.toThrow(
      /small\.zip: cannot be downloaded \(the server answers 502 Bad Gateway\); the 50000 received bytes are kept: run the same command again/,
    );
    expect(t.server.requests).toHaveLength(5);
    expect(await t.kept()).toBe(50_000);
    await t.download();
    expect(t.server.requests.at(-1)!.range).toBe('bytes=50000-');
    await expectWhole(t);
  });

  it('stops on abort, and resumes later', async () => {
    const t = await trial();
    t.server.next.push({ kind: 'stall', after: 50_000 });
    const controller = new AbortController();
    const stopped = t.download({ signal: controller.signal });
    const settled = expect(stopped).rejects.toBeInstanceOf(InterruptedError);
    await t.server.stalled;
    await expect.poll(() => t.kept()).toBe(50_000);
    controller.abort();
    await settled;
    await t.download();
    expect(t.server.requests[1]!.range).toBe('bytes=50000-');
    await expectWhole(t);
  });

  it('fails without a retry if the file does not exist', async () => {
    const t = await trial();
    t.server.files.clear();
    await expect(t.download()).rejects.toThrow(
      /small\.zip: the server answers 404 Not Found; choose another source with --mirror/,
    );
    expect(t.server.requests).toHaveLength(1);
  });

  it('names a server that does not answer', async () => {
    const t = await trial();
    await expect(t.download({ mirror: 'http://127.0.0.1:1' })).rejects.toThrow(
      /http:\/\/127\.0\.0\.1:1\/small\.zip: cannot be downloaded \(.*\); no bytes were received/,
    );
  });

  it('renames a file with a wrong checksum', async () => {
    const t = await trial();
    const other = Buffer.from(archive);
    other[1000]! ^= 1;
    t.server.files.set('/small.zip', other);
    const aside = join(t.datasetsDir, '.downloads', 'small.zip.wrong-checksum');
    await expect(t.download()).rejects.toThrow(
      `is not the published small.zip: its MD5 is ${hashOf('md5', other)}, expected ${hashOf('md5', archive)}; it is kept as ${aside}`,
    );
    expect(await readFile(aside)).toEqual(other);
    expect(existsSync(join(t.datasetsDir, 'small'))).toBe(false);
    t.server.files.set('/small.zip', archive);
    await t.download();
    expect(existsSync(join(t.datasetsDir, 'small/corpus.jsonl'))).toBe(true);
  });

  it('refuses a file of another size before downloading it', async () => {
    const t = await trial();
    t.server.files.set('/small.zip', Buffer.concat([archive, Buffer.alloc(1)]));
    await expect(t.download()).rejects.toThrow(`offers ${archive.length + 1} bytes, expected ${archive.length}`);
  });

  it('refuses an archive without the data set', async () => {
    const t = await trial();
    const wrong = zipOf([{ name: 'small/corpus.jsonl', data: files['corpus.jsonl'] }]);
    t.server.files.set('/small.zip', wrong);
    await expect(t.download({ entry: entryFor(t.server, wrong) })).rejects.toThrow(/small: has no queries\.jsonl/);
    expect(existsSync(join(t.datasetsDir, 'small'))).toBe(false);
  });

  it('says how to get a data set that is not published', async () => {
    const t = await trial();
    await expect(t.download({ entry: beirEntry('robust04') })).rejects.toThrow(
      /robust04: cannot be downloaded: it needs/,
    );
  });
});

describe('downloads at the same time', () => {
  it('of one data set: the second is refused', async () => {
    const t = await trial();
    t.server.next.push({ kind: 'stall', after: 50_000 });
    const first = t.download();
    await t.server.stalled;
    await expect(t.download()).rejects.toThrow(
      new RegExp(`the download of small is running in process ${process.pid}; wait for it, or delete .*small\\.lock`),
    );
    await first;
    await expectWhole(t);
  });

  it('of several: a failing one stops no other', async () => {
    const t = await trial();
    const names = ['small', 'b', 'c', 'd'];
    const entries = names.map((name) => {
      const bytes = zipOf(Object.entries(files).map(([file, data]) => ({ name: `${name}/${file}`, data })));
      if (name !== 'b') t.server.files.set(`/${name}.zip`, bytes);
      return entryFor(t.server, bytes, name);
    });
    const all = downloadAll(
      entries.map((entry) => ({ download: (options) => downloadDataset(entry, options) })),
      { datasetsDir: t.datasetsDir, progress: t.progress, retry },
    );
    await expect(all).rejects.toThrow(/b\.zip: the server answers 404/);
    expect(await readdir(t.datasetsDir)).toEqual(['.downloads', 'c', 'd', 'small']);
  });

  it("after one was killed: its lock is taken over, another machine's is not", async () => {
    const t = await trial();
    const lock = join(t.datasetsDir, '.downloads', 'small.lock');
    await mkdir(join(lock, '..'), { recursive: true });
    await writeFile(lock, `${process.pid} elsewhere.example\n`);
    await expect(t.download()).rejects.toThrow(/running in process \d+ on elsewhere\.example/);
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeFile(lock, `${pid} ${hostname()}\n`);
    await t.download();
    await expectWhole(t);
  });
});

describe('a killed process', () => {
  it('leaves a part that the next one resumes', async () => {
    const t = await trial();
    t.server.next.push({ kind: 'stall', after: 50_000 });
    const script = join(import.meta.dirname, 'download-child.ts');
    const args = ['--import', 'tsx', script, JSON.stringify(entryFor(t.server)), t.datasetsDir];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    const ended = new Promise((resolve) =>
      child.on('close', (_, signal) => {
        resolve(signal);
      }),
    );
    await t.server.stalled;
    await expect.poll(() => t.kept()).toBe(50_000);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(existsSync(join(t.datasetsDir, 'small'))).toBe(false);
    await t.download();
    expect(t.server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=50000-']);
    await expectWhole(t);
  });
});

describe('a file whose size nobody tells', () => {
  it('is accepted up to the limit, and ended beyond it while it arrives', async () => {
    let sent = 0;
    const endless = createServer((_, response) => {
      const send = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(100_000))) sent += 100_000;
      };
      response.on('drain', send);
      send();
    });
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      endless.closeAllConnections();
      endless.close();
    });
    const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/corpus`;
    const path = join(temporaryFolder(), 'corpus');
    const request = { url, path, bytes: null, maxBytes: 5e6, retry, advice: 'choose another source' };
    await expect(downloadFile(request)).rejects.toThrow(
      `${url}: is larger than the 5000000 bytes that are accepted for this file; choose another source`,
    );
    expect(sent).toBeLessThan(50e6);
    expect(existsSync(`${path}.part`)).toBe(false);
    const server = await startFileServer({ '/corpus': Buffer.alloc(6e6) });
    await expect(downloadFile({ ...request, url: `${server.address}/corpus` })).rejects.toThrow(
      /is larger than the 5000000/,
    );
    await downloadFile({ ...request, url: `${server.address}/corpus`, maxBytes: 6e6 });
    expect((await stat(path)).size).toBe(6e6);
  });
});

describe('a full disk', () => {
  it('is reported, and no incomplete data set remains', async ({ skip }) => {
    const disk = temporaryFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    skip(mounted.status !== 0, 'skipped: a small disk (tmpfs) cannot be mounted here');
    onTestFinished(() => {
      spawnSync('umount', [disk]);
    });
    const server = await startFileServer({ '/small.zip': archive });
    const entry = entryFor(server);
    const download = (): Promise<string> =>
      downloadDataset(entry, { datasetsDir: disk, progress: recordingProgress(), retry });
    await expect(download()).rejects.toThrow(
      /small\.zip\.part: cannot be written \(the disk is full\); free disk space and run the same command/,
    );
    expect(server.requests).toHaveLength(1);
    spawnSync('mount', ['-o', 'remount,size=256k', disk]);
    await expect(download()).rejects.toThrow(/corpus\.jsonl: cannot be written \(the disk is full\)/);
    expect(server.requests[1]!.range).toMatch(/^bytes=[1-9]/);
    expect(existsSync(join(disk, 'small'))).toBe(false);
    spawnSync('mount', ['-o', 'remount,size=4m', disk]);
    await download();
    await expectWhole({ datasetsDir: disk });
  });
});

describe('other sources', () => {
  it("a mirror's NAME.zip is checked like the published one", async () => {
    const t = await trial();
    t.server.files.set('/mirror/small.zip', archive);
    t.server.files.delete('/small.zip');
    await t.download({ mirror: `${t.server.address}/mirror/` });
    await expectWhole(t);
  });

  it('the hub has single files', async () => {
    const t = await trial();
    const at = '/datasets/BeIR/small';
    t.server.files.set(`${at}/resolve/main/corpus.jsonl.gz`, gzipSync(files['corpus.jsonl']));
    t.server.files.set(`${at}/resolve/main/queries.jsonl.gz`, gzipSync(files['queries.jsonl']));
    t.server.files.set(`${at}-qrels/resolve/main/test.tsv`, Buffer.from(files['qrels/test.tsv']));
    await t.download({ mirror: `hub+${t.server.address}` });
    expect(await readdir(join(t.datasetsDir, '.downloads'))).toEqual([]);
    const task = await openRetrieval('beir/small', t.datasetsDir);
    expect(task.facts).toMatchObject({ documents: 1, queries: 1, judgements: 1 });
    expect((await task.corpus.fetch(['d1']))[0]!.text).toHaveLength(200_000);
    await task.corpus.close();
  });

  it.each([
    ['ftp://example.org', /--mirror: found "ftp:\/\/example\.org"; expected an http\(s\) address, hub/],
    ['somewhere', /--mirror: found "somewhere"/],
    ['hub+nowhere', /--mirror: found "nowhere"/],
  ])('refuses %s', async (mirror, message) => {
    const t = await trial();
    await expect(t.download({ mirror })).rejects.toThrow(message);
  });

  it('the hub lacks some data sets', async () => {
    const t = await trial();
    await expect(t.download({ mirror: `hub+${t.server.address}` })).rejects.toThrow(/404 Not Found.*Parquet only/);
    const entry = beirEntry('cqadupstack');
    await expect(t.download({ mirror: 'hub', entry })).rejects.toThrow(/cqadupstack: is not on the hub/);
  });
});

describe('the command line', () => {
  it('downloads and verifies NFCorpus from its real archive, with one broken connection', async ({ skip }) => {
    skip(nfcorpusMissing !== undefined, nfcorpusMissing);
    const server = await startFileServer({ '/nfcorpus.zip': await readFile(nfcorpusArchive) });
    const datasetsDir = join(temporaryFolder(), 'datasets');
    const part = join(datasetsDir, '.downloads/nfcorpus.zip.part');
    const arrived = (): Promise<unknown> => expect.poll(async () => (await stat(part)).size).toBe(1_000_000);
    server.next.push({ kind: 'cut', after: 1_000_000, arrived });
    const downloaded = await runCli(['datasets', 'download', 'NFCorpus', '--datasets-dir', datasetsDir], {
      SGPT_BENCH_MIRROR: server.address,
    });
    expect(downloaded).toMatchObject({ status: 0, stdout: `${join(datasetsDir, 'nfcorpus')}\n` });
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=1000000-']);
    const verified = await runCli(['datasets', 'verify', 'nfcorpus', '--datasets-dir', datasetsDir]);
    expect(verified.status).toBe(0);
    expect(verified.stdout.match(/ ok$/gm)).toHaveLength(8);
    await writeFile(join(datasetsDir, 'nfcorpus/queries.jsonl'), '{"_id": "PLAIN-2", "text": "?"}\n');
    const damaged = await runCli(['datasets', 'verify', 'nfcorpus', '--datasets-dir', datasetsDir, '--json']);
    expect(damaged.status).toBe(1);
    const counts = JSON.parse(damaged.stdout) as { what: string; found: number; ok: boolean }[];
    expect(counts.filter(({ ok }) => !ok)).toMatchObject([{ what: 'queries', found: 1 }]);
  });

  it('lists and describes data sets, and refuses unknown names', async () => {
    const [list, info, unknown, absent] = await Promise.all([
      runCli(['datasets', 'list']),
      runCli(['datasets', 'info', 'beir/fever']),
      runCli(['datasets', 'download', 'nfcorpsu']),
      runCli(['datasets', 'verify', 'scifact', '--datasets-dir', temporaryFolder()]),
    ]);
    expect(list.stdout.split('\n').filter((line) => line.startsWith('beir/'))).toHaveLength(19);
    expect(info.stdout).toMatch(/5a818580227bfb4b35bb6fa46d9b6c03[\s\S]*that of SciFact's archive/);
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/unknown data set "nfcorpsu", did you mean "nfcorpus"\?/);
    expect(absent.status).toBe(2);
    expect(absent.stderr).toMatch(/scifact: not found at .*; get it with: sgpt-bench datasets download scifact/);
  });
});

describe("USEB's archive", () => {
  const demo = join(import.meta.dirname, '../../datasets/demo-useb');
  const zipOfDemo = async (root: string): Promise<Uint8Array> => {
    const names = (await readdir(demo, { recursive: true })).filter((name) => /[/].*[.]/.test(name));
    const entries = names.map(async (name) => ({ name: `${root}${name}`, data: await readFile(join(demo, name)) }));
    return zipOf(await Promise.all(entries));
  };

  it.each(['data-eval/', ''])('with its folders below "%s" gives all four tasks', async (root) => {
    const server = await startFileServer({ '/data-eval.zip': await zipOfDemo(root) });
    const datasetsDir = join(temporaryFolder(), 'datasets');
    const args = ['--datasets-dir', datasetsDir];
    const download = await runCli(['datasets', 'download', 'useb', '--mirror', server.address, ...args]);
    expect(download).toMatchObject({ status: 0, stdout: `${join(datasetsDir, 'useb')}\n` });
    const tasks = await openUsebTasks('useb', datasetsDir);
    expect(tasks.map(({ name }) => name)).toEqual(usebDatasets.map((name) => `useb/${name}`));
    const verified = await runCli(['datasets', 'verify', 'useb', ...args]);
    expect(verified.status).toBe(0);
    expect(verified.stdout).toMatch(/useb\/askubuntu test: queries +\d+/);
  });

  it('without a task is refused, and downloaded again by the next call', async () => {
    const server = await startFileServer({ '/data-eval.zip': zipOf([{ name: 'askubuntu/test.txt', data: 'x' }]) });
    const datasetsDir = join(temporaryFolder(), 'datasets');
    const download = useb.data[0]!.download({
      datasetsDir,
      mirror: server.address,
      progress: recordingProgress(),
      retry,
    });
    await expect(download).rejects.toThrow(/has no folder cqadupstack/);
    expect(existsSync(join(datasetsDir, 'useb'))).toBe(false);
    expect(existsSync(join(datasetsDir, '.downloads', 'useb.zip'))).toBe(false);
  });
});
