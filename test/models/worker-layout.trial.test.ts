import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import type { Encoder } from '../../src/core/model.js';
import { createBiEncoder, createCrossEncoder, type BiEncoderOptions } from '../../src/models/index.js';
import { encoderGraph } from '../../src/models/graphs/encoder-graph.js';
import { embeddingViews } from '../../src/models/pooling/poolings.js';
import { workerLayouts } from '../../src/models/runtime/worker-layout.js';
import { openPool } from '../../src/models/runtime/open-pool.js';
import type { SessionPool } from '../../src/models/runtime/pool.js';
import { fixture, relativeError } from './goldens.js';
import { openRaw } from './run-graph.js';
import { writeRandomGptNeo } from './random-gpt-neo.js';

const GiB = 2 ** 30;

describe('a worker layout', () => {
  const small = { weights: 0.5 * GiB, activations: 0.2 * GiB };

  it('has one worker per thread, or as many as were asked for', () => {
    expect(workerLayouts(8, null, small, 32 * GiB)).toEqual([{ workers: 8, intraOpThreads: 1 }]);
    expect(workerLayouts(8, 3, small, 32 * GiB)).toEqual([{ workers: 3, intraOpThreads: 2 }]);
    expect(workerLayouts(2, 4, small, 32 * GiB)).toEqual([{ workers: 4, intraOpThreads: 1 }]);
  });

  it('has no more workers than the memory holds runs, and one at least', () => {
    expect(workerLayouts(8, null, small, 1.5 * GiB)).toEqual([{ workers: 3, intraOpThreads: 2 }]);
    expect(workerLayouts(8, null, small, 0.25 * GiB)).toEqual([{ workers: 1, intraOpThreads: 8 }]);
  });

  it('is the fastest of those measured for a model that is said to be large', async () => {
    const { checkpoint, architecture } = await openRaw(fixture('gpt-neo'));
    const graph = encoderGraph(architecture, checkpoint, embeddingViews(['mean'], [], architecture));
    const probe = { ids: { type: 'int32', data: new Int32Array(8), dims: [8] } } as const;
    const notes: string[] = [];
    const note = (message: string): number => notes.push(message);
    const common = { threads: 2, device: 'cpu', activationBytes: 1 << 20, probe, note } as const;
    const pool = await openPool({ ...graph, weightBytes: GiB }, common);
    const outputs: number[] = [];
    await pool.run([{ feeds: probe, done: ([vector]) => outputs.push(vector!.length) }]);
    const workers = pool.pids.length;
    await pool.close();
    expect(outputs).toEqual([architecture.hiddenSize]);
    expect(notes.at(-1)).toMatch(
      /^[12] workers? with [12] threads? each, the fastest of 2 x 1: [\d.]+\/s, 1 x 2: [\d.]+\/s;/,
    );
    expect(notes.at(-1)).toMatch(new RegExp(`^${workers} `));
  });

  it('is to be measured for a large model', () => {
    const large = { weights: 5 * GiB, activations: 0.5 * GiB };
    expect(
      workerLayouts(4, null, large, 32 * GiB).map(({ workers, intraOpThreads }) => [workers, intraOpThreads]),
    ).toEqual([
      [4, 1],
      [2, 2],
      [1, 4],
    ]);
    expect(workerLayouts(4, 2, large, 32 * GiB)).toEqual([{ workers: 2, intraOpThreads: 2 }]);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-worker-layout-'));
const packed = join(folder, 'cache', 'packed');
/** Some 100 MB in float32: large enough to be shared. */
const model = join(folder, 'model');
const sizes = { layers: 4, hidden: 640, heads: 10, window: 64, positions: 256, vocabulary: 4096 };
const texts = Array.from({ length: 12 }, (_, i) => `text ${i} ${'with some words more '.repeat(i % 5)}`);
const options: BiEncoderOptions = { model, pooling: ['mean'], brackets: 'none', maxTokens: 100, threads: 1 };

beforeAll(() => {
  vi.stubEnv('SGPT_BENCH_CACHE', join(folder, 'cache'));
  writeRandomGptNeo(model, sizes, 'F16');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function encodeWith(more: Partial<BiEncoderOptions>): Promise<Float32Array> {
  const encoder: Encoder = await createBiEncoder({ ...options, ...more });
  try {
    return (await encoder.encode(texts, 'document'))[0]!.data;
  } finally {
    await encoder.close();
  }
}

describe('workers of a larger model', () => {
  it('give the bytes that one with its own copy of the weights gives', async () => {
    const alone = await encodeWith({});
    expect(await encodeWith({ threads: 3 })).toEqual(alone);
    expect(await encodeWith({ threads: 1, workers: 2 })).toEqual(alone);
  });

  it('score pairs to the same bytes as one', async () => {
    const score = async (threads: number): Promise<readonly Float32Array[]> => {
      const scorer = await createCrossEncoder({ model, prompt: 'A', threads });
      try {
        return await scorer.score(texts.map((document) => ({ document, queries: ['one', 'and two'] })));
      } finally {
        await scorer.close();
      }
    };
    expect(await score(2)).toEqual(await score(1));
  });

  it('give nearly the same with several threads each, which may add up in another order', async () => {
    expect(relativeError(await encodeWith({ threads: 4, workers: 1 }), await encodeWith({}))).toBeLessThan(1e-5);
  });

  it('do with copies of their own where packed weights would not lie as the processor wants them', async () => {
    const odd = join(folder, 'odd');
    // A row of the embedding, which is the LM head too, takes 2088 bytes, and there are 8193: no multiple of 64.
    writeRandomGptNeo(odd, { ...sizes, hidden: 522, heads: 9, vocabulary: 8193, layers: 6 }, 'F32');
    const score = async (threads: number): Promise<readonly Float32Array[]> => {
      const scorer = await createCrossEncoder({ model: odd, prompt: 'A', threads });
      try {
        return await scorer.score(texts.map((document) => ({ document, queries: ['one', 'and two'] })));
      } finally {
        await scorer.close();
      }
    };
    expect(await score(2)).toEqual(await score(1));
  });

  it('leave nothing behind, and remove what killed processes left', async () => {
    const abandoned = join(packed, `99999999-0123456789ab-${hostname()}`);
    const foreign = join(packed, '99999999-0123456789ab-elsewhere');
    for (const left of [abandoned, foreign]) mkdirSync(left, { recursive: true });
    const encoder = await createBiEncoder({ ...options, threads: 2 });
    const during = readdirSync(packed);
    await encoder.close();
    expect(during).toHaveLength(2);
    expect(existsSync(abandoned)).toBe(false);
    expect(readdirSync(packed)).toEqual(['99999999-0123456789ab-elsewhere']);
    rmSync(foreign, { recursive: true });
  });

  it('do with copies of their own where no file can be written', async () => {
    vi.stubEnv('SGPT_BENCH_CACHE', join(model, 'config.json'));
    const copies = await encodeWith({ threads: 2 });
    vi.stubEnv('SGPT_BENCH_CACHE', join(folder, 'cache'));
    expect(copies).toEqual(await encodeWith({}));
  });
});

/** Linux tells how much of a process's memory is its own. */
const noSmaps = process.platform === 'linux' ? undefined : 'needs /proc/PID/smaps_rollup';
describe.skipIf(noSmaps !== undefined)(`memory${noSmaps === undefined ? '' : ` (${noSmaps})`}`, () => {
  const openWith = async (workers: number): Promise<{ pool: SessionPool; weightBytes: number }> => {
    const { checkpoint, architecture } = await openRaw(model);
    const graph = encoderGraph(architecture, checkpoint, embeddingViews(['mean'], [], architecture));
    const probe = { ids: { type: 'int32', data: new Int32Array(32), dims: [32] } } as const;
    const pool = await openPool(graph, { threads: workers, device: 'cpu', activationBytes: 1 << 20, probe });
    await pool.run(Array.from({ length: 4 * workers }, () => ({ feeds: probe, done: () => undefined })));
    return { pool, weightBytes: graph.weightBytes };
  };
  const anonymous = (pid: number): number =>
    1024 * Number(/^Anonymous:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]);

  it('holds the weights once, however many workers there are', async () => {
    const one = await openWith(1);
    const ofOne = Math.max(...one.pool.pids.map(anonymous));
    await one.pool.close();
    const { pool, weightBytes } = await openWith(3);
    const ofThree = pool.pids.map(anonymous);
    await pool.close();
    expect(ofThree).toHaveLength(3);
    for (const bytes of ofThree) expect(ofOne - bytes).toBeGreaterThan(0.5 * weightBytes);
  });
});

describe('a device', () => {
  const runtime = dirname(fileURLToPath(import.meta.resolve('onnxruntime-node')));
  const library = join(
    runtime,
    '..',
    'bin',
    'napi-v6',
    process.platform,
    process.arch,
    'libonnxruntime_providers_cuda.so',
  );
  const reason = existsSync(library) ? 'onnxruntime-node has CUDA here' : undefined;

  it.skipIf(reason !== undefined)('that is not there is refused', async () => {
    const onCuda = createBiEncoder({ ...options, model: fixture('gpt-neo'), device: 'cuda' });
    await expect(onCuda).rejects.toThrow(InputError);
    await expect(onCuda).rejects.toThrow(
      /^--device cuda: onnxruntime-node cannot use it .*; it needs .*"node .*install\.js --onnxruntime-node-install" fetches; or use --device cpu$/,
    );
    const message = await onCuda.then(String, String);
    expect(existsSync(/"node (.*?) --/.exec(message)![1]!)).toBe(true);
  });

  it.skipIf(!existsSync('/proc/self/environ'))('is told not to round what is said to be float32', async () => {
    const { checkpoint, architecture } = await openRaw(fixture('gpt-neo'));
    const graph = encoderGraph(architecture, checkpoint, embeddingViews(['mean'], [], architecture));
    const probe = { ids: { type: 'int32', data: new Int32Array(8), dims: [8] } } as const;
    const pool = await openPool(graph, { threads: 1, device: 'cpu', activationBytes: 1 << 20, probe });
    const environment = readFileSync(`/proc/${pool.pids[0]}/environ`, 'utf8').split('\0');
    await pool.close();
    expect(environment).toContain('NVIDIA_TF32_OVERRIDE=0');
  });

  it('takes whole numbers of workers', async () => {
    await expect(createBiEncoder({ ...options, workers: 0 })).rejects.toThrow('workers: 0 is not possible');
  });
});
