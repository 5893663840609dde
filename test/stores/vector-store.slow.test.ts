import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/io/files.js';
import { thisMaker } from '../../src/io/maker.js';
import type { Matrix, ModelInfo } from '../../src/core/model.js';
import { InputError } from '../../src/core/errors.js';
import { VectorStore, shardKey, type ShardParts } from '../../src/stores/index.js';
import { headerBytes, parseShard, shardBytes } from '../../src/stores/vectors/shard-file.js';

/** The checksum of a shard's file: of all bytes but its own. */
function checksum(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes.subarray(0, 32)).update(bytes.subarray(64)).digest();
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-store-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const key = sha256('a shard');
const path = (): string => join(folder, key.slice(0, 2), `${key}.vectors`);
const matrix = { rows: 2, columns: 3, data: Float32Array.of(1, -0, 3.4e38, 7, 1e-45, -2.5) };

describe('embedding store', () => {
  test('gives back what was put, bit by bit, also to another store of the folder', async () => {
    const store = new VectorStore(join(folder, 'new', 'folder'));
    expect(await store.get(key)).toBeUndefined();
    await store.put(key, matrix);
    expect(await store.get(key)).toEqual(matrix);
    expect(await new VectorStore(join(folder, 'new', 'folder')).get(key)).toEqual(matrix);
    const part = new Float32Array(10).fill(7).subarray(2, 6); // a view that does not start its memory
    await store.put(key, { rows: 4, columns: 1, data: part });
    expect(await store.get(key)).toEqual({ rows: 4, columns: 1, data: Float32Array.of(7, 7, 7, 7) });
    await store.put(key, { rows: 0, columns: 5, data: new Float32Array(0) });
    expect(await store.get(key)).toEqual({ rows: 0, columns: 5, data: new Float32Array(0) });
  });

  test('any change of a byte, and any other length, makes a shard missing; it is told of and can be replaced', async () => {
    const messages: string[] = [];
    const store = new VectorStore(folder, { onDamage: (message) => messages.push(message) });
    await store.put(key, matrix);
    const whole = await readFile(path());
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= change;
        await writeFile(path(), damaged);
        expect(await store.get(key)).toBeUndefined();
      }),
    );
    for (const length of [0, 1, 63, 64, headerBytes - 1, headerBytes, whole.length - 1]) {
      await writeFile(path(), whole);
      await truncate(path(), length);
      expect(await store.get(key)).toBeUndefined();
    }
    await writeFile(path(), Buffer.concat([whole, Buffer.from([0])]));
    expect(await store.get(key)).toBeUndefined();
    expect(messages.length).toBeGreaterThan(6);
    for (const message of messages) expect(message).toMatch(/\.vectors: .+; the vectors are computed again$/);
    await store.put(key, matrix);
    expect(await store.get(key)).toEqual(matrix);
  });

  test('has looks at header and size; what get finds damaged is gone afterwards', async () => {
    const store = new VectorStore(folder);
    expect(await store.has(key)).toBe(false);
    await store.put(key, matrix);
    expect(await store.has(key)).toBe(true);
    const damaged = await readFile(path());
    damaged[headerBytes + 6]! ^= 1;
    await writeFile(path(), damaged);
    expect([await store.has(key), await store.get(key), await store.has(key)]).toEqual([true, undefined, false]);
    await store.put(key, matrix);
    await truncate(path(), headerBytes + 2);
    expect(await store.has(key)).toBe(false);
  });

  describe('many shards', () => {
    const keys = Array.from({ length: 40 }, (_, i) => sha256(`shard ${i}`));
    const shard = (i: number): Matrix => ({
      rows: 1 + (i % 3),
      columns: 2,
      data: new Float32Array(2 + 2 * (i % 3)).fill(i),
    });

    test('come in order, and may be left early', async () => {
      const store = new VectorStore(folder);
      for (const [i, one] of keys.entries()) await store.put(one, shard(i));
      const found: Matrix[] = [];
      for await (const one of store.getAll(keys)) found.push(one);
      expect(found).toEqual(keys.map((_, i) => shard(i)));
      for await (const one of store.getAll(keys)) {
        expect(one).toEqual(shard(0));
        break;
      }
    });

    test('end at one that is missing or damaged, with an InputError; the damaged one is told of and removed', async () => {
      const notes: string[] = [];
      const store = new VectorStore(folder, { onDamage: (message) => notes.push(message) });
      for (const [i, one] of keys.entries()) if (i !== 30) await store.put(one, shard(i));
      const readAll = async (): Promise<number> => {
        let found = 0;
        await expect(async () => {
          for await (const { rows } of store.getAll(keys)) found += Math.sign(rows);
        }).rejects.toThrow(InputError);
        return found;
      };
      expect(await readAll()).toBe(30);
      expect(notes).toEqual([]);
      const damaged = join(folder, keys[20]!.slice(0, 2), `${keys[20]!}.vectors`);
      await truncate(damaged, headerBytes + 6);
      expect(await readAll()).toBe(20);
      expect(notes).toEqual([
        `${damaged}: has ${headerBytes + 6} bytes, expected ${headerBytes + 24} for [3, 2]; the vectors are computed again`,
      ]);
      expect(await store.get(keys[20]!)).toBeUndefined();
    });

    test('unchecked, take the memory that is given back, if it is large enough', async () => {
      const store = new VectorStore(folder);
      for (const [i, one] of keys.entries()) await store.put(one, shard(i));
      const [seen, found] = [new Set<ArrayBuffer>(), [] as (Matrix | string)[]];
      for await (const { file, dtype, release } of store.readAll(keys)) {
        seen.add(file.bytes.buffer);
        const parsed = parseShard(file, dtype);
        found.push(typeof parsed === 'string' ? parsed : { ...parsed, data: parsed.data.slice() });
        release(file.bytes.buffer);
      }
      expect(found).toEqual(keys.map((_, i) => shard(i)));
      expect(seen.size).toBeLessThan(keys.length);
    });
  });

  test('says who made a shard, and what was counted of its texts', async () => {
    const store = new VectorStore(folder);
    expect(await store.health(key)).toBeUndefined();
    const rows = { rows: 3, columns: 2, data: Float32Array.of(0, 0, 0, 1, -0, 0) };
    await store.putAll([key], { matrices: [rows], inputs: 3, counts: { empty: 1, truncated: null } });
    expect(await store.health(key)).toEqual({
      maker: await thisMaker(),
      inputs: 3,
      counts: { empty: 1, truncated: null },
      zeroRows: 2,
    });
    const other = sha256('another shard');
    expect(await store.healthOf([key, other])).toBeUndefined();
    await store.put(other, rows);
    const both = await store.healthOf([key, other]);
    expect(both?.map(({ counts }) => counts)).toEqual([{ empty: 1, truncated: null }, null]);
  });

  test('stores no number that is not finite, and takes one in a file for damage', async () => {
    const notes: string[] = [];
    const store = new VectorStore(folder, { onDamage: (message) => notes.push(message) });
    const maker = await thisMaker();
    for (const bad of [NaN, Infinity, -Infinity]) {
      const broken = { rows: 2, columns: 2, data: Float32Array.of(1, 2, bad, 4) };
      await expect(store.put(key, broken)).rejects.toThrow(InputError);
      await expect(store.put(key, broken)).rejects.toThrow(`row 1 of a shard has the value ${bad}`);
      // As another program could write it: with a checksum that fits.
      const bytes = shardBytes({ ...broken, data: Float32Array.of(1, 2, 3, 4) }, 'float32', {
        maker,
        inputs: 2,
        counts: null,
      });
      bytes.writeFloatLE(bad, headerBytes + 8);
      checksum(bytes).copy(bytes, 32);
      await store.put(key, matrix);
      await writeFile(path(), bytes);
      expect(await store.get(key)).toBeUndefined();
      expect(notes.pop()).toMatch(`has the value ${bad} in row 1; the vectors are computed again`);
    }
  });

  test('takes a shard of the former format for missing', async () => {
    const store = new VectorStore(folder);
    await store.put(key, matrix);
    const header = (await readFile(path())).subarray(0, 64);
    header.writeUInt32LE(1, 8);
    const data = Buffer.from(matrix.data.buffer);
    createHash('sha256').update(header.subarray(0, 32)).update(data).digest().copy(header, 32);
    await writeFile(path(), Buffer.concat([header, data]));
    expect([await store.has(key), await store.get(key)]).toEqual([false, undefined]);
  });

  test('float16 keeps each number to 11 bits in half the room, apart from float32', async () => {
    const [single, half] = [new VectorStore(folder), new VectorStore(folder, { dtype: 'float16' })];
    const data = Float32Array.of(1, -0, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, -65504);
    await half.put(key, { rows: 2, columns: 3, data });
    expect(await single.get(key)).toBeUndefined();
    const rounded = Float32Array.of(1, -0, 1, 1 + 2 ** -9, 0, -65504);
    expect(await half.get(key)).toEqual({ rows: 2, columns: 3, data: rounded });
    expect((await readFile(join(folder, key.slice(0, 2), `${key}.float16.vectors`))).length).toBe(headerBytes + 12);
    await single.put(key, matrix);
    expect((await half.get(key))?.data).toEqual(rounded);
    const tooLarge = half.put(key, { rows: 1, columns: 1, data: Float32Array.of(70000) });
    await expect(tooLarge).rejects.toThrow(InputError);
    await expect(tooLarge).rejects.toThrow('70000');
  });

  test('temporary files of writers that died more than a day ago are removed, younger ones are not', async () => {
    await new VectorStore(folder).put(key, matrix);
    const [old, young] = ['.a.tmp', '.b.tmp'].map((name) => join(folder, key.slice(0, 2), name));
    for (const file of [old!, young!]) await writeFile(file, '');
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    await utimes(old!, twoDaysAgo, twoDaysAgo);
    await new VectorStore(folder).put(key, matrix);
    expect((await readdir(join(folder, key.slice(0, 2)))).sort()).toEqual(['.b.tmp', `${key}.vectors`]);
  });

  test('a header that promises far more than the file has allocates nothing', async () => {
    const store = new VectorStore(folder);
    await store.put(key, matrix);
    const hostile = await readFile(path());
    hostile.fill(0xff, 16, 24);
    await writeFile(path(), hostile);
    expect(await store.get(key)).toBeUndefined();
  });

  test('a shape that does not fit the data, and what is no key, are faults of the caller', async () => {
    const store = new VectorStore(folder);
    await expect(store.put(key, { ...matrix, rows: 3 })).rejects.toThrow(RangeError);
    await expect(store.get('../../etc/passwd')).rejects.toThrow('is not a shard key');
    await expect(store.put('', matrix)).rejects.toThrow('is not a shard key');
  });

  test('a writer that is killed leaves whole shards only, and the next one goes on with the same bytes', async () => {
    const shards = 100;
    const [killed, straight] = [join(folder, 'killed'), join(folder, 'straight')];
    const damage: string[] = [];
    for (const linesUntilKill of [1, 7, 11, undefined]) {
      await writeShards(killed, shards, linesUntilKill);
      const store = new VectorStore(killed, { onDamage: (message) => damage.push(message) });
      for (let shard = 0; shard < shards; shard++) await store.get(sha256(`shard ${shard}`));
      expect(damage).toEqual([]);
    }
    await writeShards(straight, shards);
    expect(await contents(killed)).toEqual(await contents(straight));
  });
});

/** Runs the writing program; kills it (SIGKILL) in the midst of the writes after so many lines, if given. */
async function writeShards(store: string, shards: number, linesUntilKill?: number): Promise<void> {
  const program = fileURLToPath(new URL('fixtures/write-shards.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, store, String(shards)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let lines = 0;
  createInterface(child.stdout).on('line', () => {
    if (++lines === linesUntilKill) child.kill('SIGKILL');
  });
  const [code, signal] = (await exit) as [number | null, string | null];
  expect(linesUntilKill === undefined ? code : signal).toBe(linesUntilKill === undefined ? 0 : 'SIGKILL');
}

/** The hash of each shard's file; what a killed writer left under a temporary name does not count. */
async function contents(store: string): Promise<[string, string][]> {
  const names = (await readdir(store, { recursive: true })).filter((name) => name.endsWith('.vectors')).sort();
  return Promise.all(
    names.map(async (name): Promise<[string, string]> => [
      name,
      sha256((await readFile(join(store, name))).toString('hex')),
    ]),
  );
}

describe('shard key', () => {
  const model: ModelInfo = {
    id: 'a/model',
    revision: null,
    architecture: 'gpt_neo',
    parameters: 1,
    files: { 'model.safetensors': 'aa', 'config.json': 'bb' },
    dtype: 'fp32',
  };
  const parts: ShardParts = {
    model,
    settings: { maxTokens: 300, prompt: null },
    view: 'mean@6',
    role: 'query',
    texts: ['a', 'b'],
  };

  test('is a hash that the order of names, the id and the revision do not change', () => {
    expect(shardKey(parts)).toMatch(/^[0-9a-f]{64}$/);
    const files = { 'config.json': 'bb', 'model.safetensors': 'aa' };
    const same = {
      ...parts,
      model: { ...model, id: 'folder', revision: 'x', files },
      settings: { prompt: null, maxTokens: 300 },
    };
    expect(shardKey(same)).toBe(shardKey(parts));
  });

  test('changes with everything that changes a vector', () => {
    const others: ShardParts[] = [
      { ...parts, model: { ...model, files: { ...model.files, 'config.json': 'cc' } } },
      { ...parts, model: { ...model, dtype: 'int8' } },
      { ...parts, settings: { maxTokens: 299, prompt: null } },
      { ...parts, settings: { maxTokens: 300, prompt: 'null' } },
      { ...parts, settings: { maxTokens: 300 } },
      { ...parts, view: 'mean' },
      { ...parts, role: 'document' },
      { ...parts, texts: ['ab', ''] },
      { ...parts, texts: ['', 'ab'] },
      { ...parts, texts: ['b', 'a'] },
      { ...parts, texts: ['a', 'b', ''] },
      { ...parts, texts: [] },
    ];
    expect(new Set([parts, ...others].map(shardKey)).size).toBe(others.length + 1);
  });
});
