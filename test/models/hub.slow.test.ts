import { mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import type { Progress } from '../../src/core/progress.js';
import { locateModel, type ModelLocation } from '../../src/models/hub/index.js';
import { hubSettings, parseHubId } from '../../src/models/hub/settings.js';
import { createBiEncoder } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { runCli } from '../helpers/cli.js';
import { fixture } from './goldens.js';
import { commits, startHub, type FakeHub, type HubFile } from './hub-server.js';
import { readTensors } from './safetensors-writer.js';
import { writeTorchZip } from './torch-writer.js';

const id = 'someone/gpt-neo-specb';
const retry = { retries: 2, firstDelayMs: 1, maxDelayMs: 100, timeoutMs: 5000 };

/** A hub with the GPT-Neo fixture, and an empty cache. */
async function prepare(): Promise<{
  hub: FakeHub;
  home: string;
  notes: string[];
  env: Record<string, string>;
  locate: (model?: string, changes?: Record<string, string>) => Promise<ModelLocation>;
}> {
  const hub = await startHub();
  hub.models.set(id, filesOf('gpt-neo'));
  const home = temporaryFolder();
  const env = { HF_HOME: home, HF_ENDPOINT: `${hub.endpoint}/` };
  const notes: string[] = [];
  const progress: Progress = {
    stage: () => ({ advance: () => undefined, end: () => undefined }),
    note: (message) => notes.push(message),
  };
  const locate = (model = id, changes: Record<string, string> = {}): Promise<ModelLocation> =>
    locateModel(model, { settings: hubSettings({ ...env, ...changes }), retry, progress });
  return { hub, home, notes, env, locate };
}

function filesOf(name: string): Map<string, HubFile> {
  const folder = fixture(name);
  return new Map(
    readdirSync(folder).map((file) => [
      file,
      { content: readFileSync(join(folder, file)), large: file.endsWith('.safetensors') },
    ]),
  );
}

const small = (text: string): HubFile => ({ content: Buffer.from(text), large: false });
const cacheOf = (home: string): string => join(home, 'hub', 'models--someone--gpt-neo-specb');

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).not.toContain('\n');
  return (error as Error).message;
}

describe('settings', () => {
  it('come from the usual variables', () => {
    expect(hubSettings({ HF_HOME: '/h' })).toEqual({
      endpoint: 'https://huggingface.co',
      cache: join('/h', 'hub'),
      token: null,
      offline: false,
    });
    const all = {
      HF_HOME: '/h',
      HF_HUB_CACHE: '/c',
      HF_TOKEN: ' t ',
      HF_HUB_OFFLINE: 'YES',
      HF_ENDPOINT: 'http://m/x/',
    };
    expect(hubSettings(all)).toEqual({ endpoint: 'http://m/x', cache: '/c', token: 't', offline: true });
    expect(hubSettings({ XDG_CACHE_HOME: '/x', HF_HUB_OFFLINE: '0' })).toMatchObject({
      cache: join('/x', 'huggingface', 'hub'),
      offline: false,
    });
    expect(() => hubSettings({ HF_ENDPOINT: 'nowhere' })).toThrow('HF_ENDPOINT: found "nowhere"');
  });

  it.each([
    ['Muennighoff/SGPT-125M', { id: 'Muennighoff/SGPT-125M', revision: 'main' }],
    ['gpt2', { id: 'gpt2', revision: 'main' }],
    ['a/b@v1.0', { id: 'a/b', revision: 'v1.0' }],
    ['a/b@refs/pr/1', { id: 'a/b', revision: 'refs/pr/1' }],
    ['a/b/c', undefined],
    ['../b', undefined],
    ['./b', undefined],
    ['/a/b', undefined],
    ['a/b@../../x', undefined],
    ['a/b--c', undefined],
    ['a b/c', undefined],
    ['', undefined],
  ])('"%s" is the id %o', (text, expected) => {
    expect(parseHubId(text)).toEqual(expected);
  });
});

describe('a model of the hub', () => {
  it('is fetched into the cache in its layout, and not asked for again by commit', async () => {
    const { hub, home, locate } = await prepare();
    const source = await locate();
    expect(source).toEqual({ folder: join(cacheOf(home), 'snapshots', commits.main), id, revision: commits.main });
    expect(readdirSync(source.folder).sort()).toEqual(readdirSync(fixture('gpt-neo')).sort());
    const blob = realpathSync(join(source.folder, 'model.safetensors'));
    expect(dirname(blob)).toBe(realpathSync(join(cacheOf(home), 'blobs')));
    expect(readlinkSync(join(source.folder, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(readFileSync(blob)).toEqual(readFileSync(join(fixture('gpt-neo'), 'model.safetensors')));
    expect(readFileSync(join(cacheOf(home), 'refs', 'main'), 'utf8')).toBe(commits.main);
    expect(
      readdirSync(join(cacheOf(home), 'blobs')).every((name) => /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(name)),
    ).toBe(true);
    hub.requests.length = 0;
    expect(await locate()).toEqual(source);
    expect(hub.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `HEAD /${id}/resolve/main/config.json`,
    ]);
    hub.requests.length = 0;
    expect(await locate(`${id}@${commits.main}`)).toEqual(source);
    expect(hub.requests).toEqual([]);
  });

  it('runs, and its record says its id and commit', async () => {
    const { locate } = await prepare();
    const { folder } = await locate();
    const options = { pooling: ['weightedmean'], maxTokens: null, threads: 1 };
    const encoder = await createBiEncoder({ ...options, model: folder });
    const reference = await createBiEncoder({ ...options, model: fixture('gpt-neo'), brackets: 'specb' });
    try {
      expect(encoder.model).toMatchObject({ id, revision: commits.main });
      expect(encoder.settings['brackets']).toBe('specb');
      expect(await encoder.encode(['A text.'], 'query')).toEqual(await reference.encode(['A text.'], 'query'));
    } finally {
      await encoder.close();
      await reference.close();
    }
  });

  it('of another revision is another snapshot; equal files are kept once', async () => {
    const { hub, home, locate } = await prepare();
    await locate();
    const other = await locate(`${id}@refs/pr/1`);
    expect(other.revision).toBe(commits.older);
    expect(readFileSync(join(cacheOf(home), 'refs', 'refs/pr/1'), 'utf8')).toBe(commits.older);
    const fetched = hub.requests.filter(({ server, method }) => server === 'hub' && method === 'GET');
    expect(fetched).toHaveLength(readdirSync(fixture('gpt-neo')).length);
  });

  it('with another commit under its branch is fetched anew', async () => {
    const { hub, locate } = await prepare();
    await locate();
    hub.revisions.set('main', commits.older);
    hub.models.get(id)!.set('extra.txt', small('x'));
    expect((await locate()).revision).toBe(commits.older);
  });

  it('goes on with a large file where a lost connection stopped it', async () => {
    const { hub, notes, locate } = await prepare();
    hub.cutAfter = 100_000;
    const { folder } = await locate();
    const ranges = hub.requests.filter(({ server }) => server === 'content').map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=100000-']);
    expect(notes.join()).toMatch(/model\.safetensors: .*; trying again/);
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(
      readFileSync(join(fixture('gpt-neo'), 'model.safetensors')),
    );
  });

  it('that was renamed is found by its old name', async () => {
    const { hub, locate } = await prepare();
    hub.models.set('new-name/model', filesOf('gpt-neo'));
    expect((await locate('old-name/model')).id).toBe('old-name/model');
  });

  it('in shards, or in PyTorch weights, has all its files', async () => {
    const { hub, locate } = await prepare();
    const files = filesOf('gpt-neo');
    files.delete('model.safetensors');
    const tensors = readTensors(join(fixture('gpt-neo'), 'model.safetensors'));
    const path = join(temporaryFolder(), 'x.bin');
    const map: Record<string, string> = {};
    for (const [i, part] of [tensors.slice(0, 9), tensors.slice(9)].entries()) {
      const shard = `pytorch_model-0000${i + 1}-of-00002.bin`;
      writeTorchZip(path, part);
      files.set(shard, { content: readFileSync(path), large: true });
      for (const { name } of part) map[name] = shard;
    }
    files.set('pytorch_model.bin.index.json', small(JSON.stringify({ metadata: {}, weight_map: map })));
    hub.models.set(id, files);
    const { folder } = await locate();
    expect(readdirSync(folder).filter((name) => name.endsWith('.bin'))).toHaveLength(2);
    hub.requests.length = 0;
    await locate(`${id}@${commits.main}`);
    expect(hub.requests).toEqual([]);
    files.delete('pytorch_model-00002-of-00002.bin');
    expect(await refusal(locate(`${id}@refs/pr/1`))).toMatch(/has no pytorch_model-00002-of-00002\.bin, which its/);
  });

  it("has its modules' files", async () => {
    const { hub, locate } = await prepare();
    const files = hub.models.get(id)!;
    const modules = [{ path: '' }, { path: '1_Pooling' }, { path: '2_Dense' }, { path: '../x' }];
    files.set('modules.json', small(JSON.stringify(modules)));
    for (const file of ['1_Pooling/config.json', '2_Dense/config.json', '2_Dense/pytorch_model.bin'])
      files.set(file, small('{}'));
    const { folder } = await locate();
    expect(readdirSync(join(folder, '1_Pooling'))).toEqual(['config.json']);
    expect(readdirSync(join(folder, '2_Dense')).sort()).toEqual(['config.json', 'pytorch_model.bin']);
  });
});

describe('a token', () => {
  it('is sent to the endpoint and not to where it redirects', async () => {
    const { hub, locate, notes } = await prepare();
    hub.refusals.set(id, { status: 401, code: 'RepoNotFound', token: 'secret' });
    expect(await refusal(locate())).toMatch(
      /has no such model, or it is private; check the id, or set HF_TOKEN to a token/,
    );
    const message = await refusal(locate(id, { HF_TOKEN: 'wrong' }));
    expect(message).toMatch(/set HF_TOKEN to another token/);
    hub.requests.length = 0;
    hub.cutAfter = 1000;
    await locate(id, { HF_TOKEN: 'secret' });
    const sent = (server: string): unknown[] =>
      hub.requests.filter((request) => request.server === server).map(({ authorization }) => authorization);
    expect(new Set(sent('hub'))).toEqual(new Set(['Bearer secret']));
    expect(sent('content')).toEqual([undefined, undefined]);
    expect(`${message} ${notes.join()}`).not.toMatch(/secret|wrong/);
  });
});

describe('what cannot be had is refused:', () => {
  it.each([
    ['nobody/nothing', /^nobody\/nothing: http:\S+ has no such model, or it is private; check the id/],
    [`${id}@v9`, /has no revision "v9"; see http/],
    ['path/to/nothing', /there is no such folder; expected a model folder .* or a hub id like organisation\/name/],
  ])('%s', async (model, message) => {
    const { locate } = await prepare();
    expect(await refusal(locate(model))).toMatch(message);
  });

  it.each([
    [403, 'GatedRepo', /access to it is restricted; accept its conditions at http\S+ and set HF_TOKEN/],
    [403, undefined, /access to it is restricted/],
    [401, undefined, /has no such model, or it is private/],
    [418, undefined, /the server answers 418/],
  ])('status %i %s', async (status, code, message) => {
    const { hub, locate } = await prepare();
    hub.refusals.set(id, { status, ...(code === undefined ? {} : { code }) });
    expect(await refusal(locate())).toMatch(message);
  });

  it('a model without config.json', async () => {
    const { hub, locate } = await prepare();
    hub.models.set(id, new Map([['README.md', small('')]]));
    expect(await refusal(locate())).toMatch(/has no such model, or one without config\.json/);
  });

  it('another content than the hub announces', async () => {
    const { hub, home, locate } = await prepare();
    hub.tamper = (content) => {
      const other = Buffer.from(content);
      other[other.length - 1]! ^= 1;
      return other;
    };
    const first = await refusal(locate());
    expect(first).toMatch(
      /config\.json: its git blob id is [0-9a-f]{40}, expected [0-9a-f]{40}; the file was deleted; run the command/,
    );
    hub.tamper = null;
    await refusal(locate('nobody/nothing'));
    hub.models.get(id)!.delete('model.safetensors');
    const weights = { content: Buffer.alloc(5000, 7), large: true };
    hub.models.get(id)!.set('model.safetensors', weights);
    hub.tamper = (content) => (content.length === 5000 ? Buffer.alloc(5000, 8) : content);
    expect(await refusal(locate())).toMatch(/model\.safetensors: its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/);
    expect(readdirSync(join(cacheOf(home), 'blobs')).filter((name) => name.includes('unchecked'))).toEqual([]);
    hub.tamper = (content) => (content.length === 5000 ? Buffer.from('<html>no</html>') : content);
    expect(await refusal(locate())).toMatch(/the server offers 15 bytes, expected 5000/);
    hub.tamper = null;
    expect((await locate()).revision).toBe(commits.main);
  });

  it('a web page instead of a hub', async () => {
    const { hub, locate } = await prepare();
    hub.portal = true;
    expect(await refusal(locate())).toMatch(/the response \(text\/html\) is not from a model hub: .*check HF_ENDPOINT/);
  });

  it('a file of another commit', async () => {
    const { hub, locate } = await prepare();
    hub.revisions.set(commits.main, commits.older);
    expect(await refusal(locate())).toMatch(new RegExp(`is of commit ${commits.older}, expected ${commits.main}`));
  });
});

describe('without a network', () => {
  it('the cache is used, and what it does not have is refused', async () => {
    const { hub, notes, locate } = await prepare();
    const source = await locate();
    await hub.stop();
    expect(await locate(id, { HF_HUB_OFFLINE: '1' })).toEqual(source);
    expect(notes).toEqual([]);
    expect(await locate()).toEqual(source);
    expect(notes).toEqual([expect.stringMatching(/cannot be reached; using the cached files/)]);
    expect(await refusal(locate('other/model', { HF_HUB_OFFLINE: '1' }))).toMatch(
      /^other\/model: is not in the cache at \S+models--other--model, and HF_HUB_OFFLINE is set; download it once while online$/,
    );
    expect(await refusal(locate('other/model'))).toMatch(
      /cannot be reached .* to download other\/model; try again later/,
    );
  });

  it('a cache that Python filled is used', async () => {
    const { hub, home, locate } = await prepare();
    await hub.stop();
    const snapshot = join(cacheOf(home), 'snapshots', commits.older);
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(cacheOf(home), 'refs'), { recursive: true });
    mkdirSync(join(cacheOf(home), 'blobs'), { recursive: true });
    writeFileSync(join(cacheOf(home), 'refs', 'main'), commits.older);
    for (const [i, file] of readdirSync(fixture('gpt-neo')).entries()) {
      writeFileSync(join(cacheOf(home), 'blobs', `${i}`), readFileSync(join(fixture('gpt-neo'), file)));
      symlinkSync(`../../blobs/${i}`, join(snapshot, file));
    }
    const source = await locate(id, { HF_HUB_OFFLINE: '1' });
    expect(source).toEqual({ folder: snapshot, id, revision: commits.older });
    const encoder = await createBiEncoder({ model: source.folder, pooling: ['mean'], maxTokens: null, threads: 1 });
    await encoder.close();
  });
});

describe('the command line', () => {
  const run = (model: string, env: Record<string, string>): ReturnType<typeof runCli> =>
    runCli(['run', '--task', 'demo/computing', '--model', model, '--output', temporaryFolder()], env);

  it('says in one sentence what is wrong, with status 2', async () => {
    const { env } = await prepare();
    const missing = await run('nobody/nothing', env);
    expect(missing.status).toBe(2);
    expect(missing.stderr.trim().split('\n').at(-1)).toMatch(/^sgpt-bench: nobody\/nothing: .* has no such model/);
    const offline = await run(id, { ...env, HF_HUB_OFFLINE: '1' });
    expect(offline.status).toBe(2);
    expect(offline.stderr.trim().split('\n').at(-1)).toMatch(
      /^sgpt-bench: someone\/gpt-neo-specb: is not in the cache/,
    );
  });
});
