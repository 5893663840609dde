import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { sha256 } from '../../src/io/files.js';
import { VectorStore } from '../../src/stores/index.js';
import { makeStoreId, openStoreBackend, readStoreId, type StoreBackend } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { startMemoryS3 } from './memory-s3.js';
import { bucketEnvironment, ensureBucket, keysIn, setEnvironment, startS3rver } from './s3-server.js';

/** A kind of place, at an address of the running test's own. */
interface Kind {
  readonly name: string;
  /** Why it is left out here, if it is. */
  readonly skipped?: string | undefined;
  /** Whether what is written at the same time is kept apart. */
  readonly atomic: boolean;
  readonly prepare: () => Promise<{ readonly address: string; readonly names: () => Promise<string[]> }>;
}

/** Any S3-compatible server that the AWS_ variables speak of, with a bucket sgpt-bench-test, which is made if need be. */
const other = process.env['SGPT_BENCH_S3_ENDPOINT'];

const kinds: Kind[] = [
  {
    name: 'a folder',
    atomic: true,
    async prepare() {
      const address = join(temporaryFolder(), 'store');
      return Promise.resolve({
        address,
        async names() {
          const entries = await readdir(address, { recursive: true, withFileTypes: true });
          return entries
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name).slice(address.length + 1));
        },
      });
    },
  },
  {
    name: 'a bucket in memory',
    atomic: true,
    async prepare() {
      const { url, objects } = await startMemoryS3();
      setEnvironment(bucketEnvironment(url));
      const names = (): Promise<string[]> =>
        Promise.resolve([...objects.keys()].map((key) => key.replace('bench/a/prefix/', '')));
      return { address: 's3://bench/a/prefix', names };
    },
  },
  {
    name: 'a bucket of s3rver',
    atomic: false, // this server writes its files in place
    async prepare() {
      const { url, keys } = await startS3rver();
      setEnvironment(bucketEnvironment(url));
      return { address: 's3://bench', names: keys };
    },
  },
  {
    name: 'a bucket of the server at SGPT_BENCH_S3_ENDPOINT',
    skipped: other === undefined ? 'SGPT_BENCH_S3_ENDPOINT names no server' : undefined,
    atomic: true,
    async prepare() {
      setEnvironment({ AWS_ENDPOINT_URL: other! });
      await ensureBucket('sgpt-bench-test');
      const prefix = randomBytes(6).toString('hex');
      const names = async (): Promise<string[]> =>
        (await keysIn('sgpt-bench-test', prefix)).map((key) => key.slice(prefix.length + 1));
      return { address: `s3://sgpt-bench-test/${prefix}`, names };
    },
  },
];

const wholeOf = async (place: StoreBackend, name: string): Promise<Buffer | undefined> =>
  (await place.read(name, 1 << 30))?.bytes;

describe.each(kinds)('$name as the place of a store', ({ atomic, skipped, prepare }) => {
  const test = it.skipIf(skipped !== undefined);

  test('is usable, and nothing of the trial stays', async () => {
    const { address, names } = await prepare();
    const place = await openStoreBackend(address);
    await place.requireUsable();
    expect(await names()).toEqual([]);
    expect(place.address).toBe(address);
  });

  test('has what was written, for others too, until it is removed', async () => {
    const { address, names } = await prepare();
    const [place, again] = [await openStoreBackend(address), await openStoreBackend(address)];
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i & 255));
    expect(await place.read('ab/file.vectors', 100)).toBeUndefined();
    await place.write('ab/file.vectors', bytes);
    for (const most of [1, 999, 1000, 1001, 2 ** 30 + 64])
      expect(await again.read('ab/file.vectors', most)).toEqual({ size: 1000, bytes: bytes.subarray(0, most) });
    await again.write('ab/file.vectors', Buffer.from('x'));
    expect(await place.read('ab/file.vectors', 64)).toEqual({ size: 1, bytes: Buffer.from('x') });
    expect(await names()).toEqual(['ab/file.vectors']);
    await place.remove('ab/file.vectors');
    await place.remove('ab/file.vectors');
    expect(await again.read('ab/file.vectors', 64)).toBeUndefined();
  });

  test('takes a large file', async () => {
    const place = await openStoreBackend((await prepare()).address);
    const bytes = randomBytes(40 << 20);
    await place.write('large', bytes);
    expect((await wholeOf(place, 'large'))?.equals(bytes)).toBe(true);
    expect((await place.read('large', 64))?.bytes.equals(bytes.subarray(0, 64))).toBe(true);
  });

  test('has many readers and writers at a time', async () => {
    const { address, names } = await prepare();
    const place = await openStoreBackend(address);
    const files = Array.from({ length: 200 }, (_, i) => ({ name: `${i % 7}/${i}`, bytes: Buffer.from(`file ${i}`) }));
    await Promise.all(files.map(({ name, bytes }) => place.write(name, bytes)));
    const found = await Promise.all(files.map(({ name }) => wholeOf(place, name)));
    expect(found).toEqual(files.map(({ bytes }) => bytes));
    expect((await names()).length).toBe(files.length);
  });

  it.skipIf(skipped !== undefined || !atomic)(
    'shows whole files only while several are written under one name',
    async () => {
      const { address } = await prepare();
      const places = await Promise.all(Array.from({ length: 4 }, () => openStoreBackend(address)));
      const contents = places.map((_, i) => Buffer.alloc(300_000 + i, i));
      const isOne = (bytes: Buffer): boolean => contents.some((content) => content.equals(bytes));
      await places[0]!.write('same', contents[0]!);
      const seen = await Promise.all(
        places.map(async (place, i) => {
          const whole: boolean[] = [];
          for (let round = 0; round < 10; round++) {
            await place.write('same', contents[i]!);
            whole.push(isOne((await wholeOf(place, 'same'))!));
          }
          return whole;
        }),
      );
      expect(seen.flat()).toEqual(Array.from({ length: 40 }, () => true));
    },
  );

  test('keeps the first of files that are created', async () => {
    const place = await openStoreBackend((await prepare()).address);
    await place.create('first', Buffer.from('one'));
    await place.create('first', Buffer.from('two'));
    expect((await wholeOf(place, 'first'))?.toString()).toBe('one');
  });

  test('has one id, whoever asks', async () => {
    const { address, names } = await prepare();
    const place = await openStoreBackend(address);
    expect(await readStoreId(place)).toBeUndefined();
    await place.requireUsable();
    const [id] = await Promise.all([makeStoreId(place), ...(atomic ? [makeStoreId(place), makeStoreId(place)] : [])]);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect([await makeStoreId(await openStoreBackend(address)), await readStoreId(place)]).toEqual([id, id]);
    expect(await names()).toEqual(['store-id']);
  });

  test('keeps vectors bit by bit, and takes a damaged shard for missing', async () => {
    const { address, names } = await prepare();
    const place = await openStoreBackend(address);
    const notes: string[] = [];
    const store = new VectorStore(place, { onDamage: (note) => notes.push(note) });
    const key = sha256('a shard');
    const matrix = { rows: 2, columns: 3, data: Float32Array.of(1, -0, 3.4e38, 7, 1e-45, -2.5) };
    expect([await store.has(key), await store.get(key)]).toEqual([false, undefined]);
    await store.put(key, matrix);
    expect([await store.has(key), await store.get(key)]).toEqual([true, matrix]);
    const [name] = (await names()) as [string];
    expect(name).toBe(`${key.slice(0, 2)}/${key}.vectors`);
    const whole = Buffer.from((await wholeOf(place, name))!);
    const damage = fc.oneof(
      fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= change;
        return damaged;
      }),
      fc.integer({ min: 1, max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
      fc.constant(Buffer.concat([whole, Buffer.of(0)])),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        await place.write(name, bytes);
        expect([await store.get(key), await store.has(key)]).toEqual([undefined, false]);
        expect(notes.pop()).toMatch(new RegExp(`^${address}/${name}: .+; the vectors are computed again$`));
      }),
      { numRuns: 25 },
    );
    await store.put(key, matrix);
    const found = [];
    for await (const one of store.getAll([key, key])) found.push(one);
    expect(found).toEqual([matrix, matrix]);
    await expect(store.getAll([sha256('none')]).next()).rejects.toThrow(InputError);
  });

  if (skipped !== undefined) it.skip(`is left out: ${skipped}`, () => undefined);
});
