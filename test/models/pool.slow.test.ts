import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../src/core/errors.js';
import type { Encoder } from '../../src/core/model.js';
import { createBiEncoder } from '../../src/models/index.js';
import { GraphBuilder } from '../../src/models/onnx/graph.js';
import type { SessionSpec } from '../../src/models/runtime/messages.js';
import type { Job } from '../../src/models/runtime/job.js';
import { progressLimit, secondsFor } from '../../src/models/runtime/progress-limit.js';
import { SessionPool } from '../../src/models/runtime/pool.js';
import { fixture } from './goldens.js';

const model = fixture('gpt-neo');
const texts = Array.from({ length: 200 }, (_, i) => `text number ${i} ${'and more '.repeat(i % 9)}`);

const openEncoder = (threads: number): Promise<Encoder> =>
  createBiEncoder({ model, pooling: ['mean'], brackets: 'none', maxTokens: null, threads });

describe('an encoder', () => {
  it('stops when it is told to, and can go on afterwards', async () => {
    const encoder = await openEncoder(2);
    const controller = new AbortController();
    let done = 0;
    const onProgress = (more: number): void => {
      done += more;
      if (done === 10) controller.abort();
    };
    const stopped = encoder.encode(texts, 'document', { signal: controller.signal, onProgress });
    await expect(stopped).rejects.toBeInstanceOf(InterruptedError);
    expect(done).toBeLessThan(20);
    await expect(encoder.encode(texts, 'document', { signal: controller.signal })).rejects.toBeInstanceOf(
      InterruptedError,
    );
    const [matrix] = await encoder.encode(texts.slice(0, 3), 'document');
    expect(matrix!.rows).toBe(3);
    await encoder.close();
  });

  it('runs several calls at once, and none after it was closed', async () => {
    const encoder = await openEncoder(2);
    const [whole] = await encoder.encode(texts, 'document');
    const halves = await Promise.all(
      [texts.slice(0, 100), texts.slice(100)].map((half) => encoder.encode(half, 'document')),
    );
    expect(Float32Array.from(halves.flatMap(([matrix]) => [...matrix!.data]))).toEqual(whole!.data);
    expect((await encoder.encode([], 'query'))[0]).toEqual({ rows: 0, columns: 36, data: new Float32Array() });
    const unfinished = encoder.encode(texts, 'document');
    await Promise.all([encoder.close(), expect(unfinished).rejects.toThrow('the model was closed')]);
    await expect(encoder.encode(texts, 'document')).rejects.toThrow('the model was closed');
  });
});

describe('a pool', () => {
  const graph = new GraphBuilder();
  graph.output('y', graph.op('Cast', [graph.input('x', 'int32', [1])], { to: 1 }), [1]);
  const model = { kind: 'built', graph: graph.serialize(), weightsFolder: '.', packed: true } as const;
  const spec: SessionSpec = { model, intraOpThreads: 1, device: 'cpu' };
  const job = (value: number, done: Job['done']): Job => ({
    feeds: { x: { type: 'int32', data: Int32Array.of(value), dims: [1] } },
    done,
  });

  it('survives workers that are killed: others do their work', async () => {
    const pool = await SessionPool.open(spec, { workers: 2 });
    const killed = pool.pids;
    let done = 0;
    const seen = new Set<number>();
    const jobs = Array.from({ length: 300 }, (_, i) =>
      job(i, ([output]) => {
        seen.add(output![0]!);
        if (++done === 20) process.kill(killed[0]!, 'SIGKILL');
        if (done === 60) process.kill(killed[1]!, 'SIGKILL');
      }),
    );
    await pool.run(jobs);
    expect(done).toBe(300);
    expect(seen.size).toBe(300);
    expect(pool.pids.some((pid) => killed.includes(pid))).toBe(false);
    await pool.run([job(1, () => undefined)]);
    await pool.close();
    expect(pool.pids).toEqual([]);
  });

  it('replaces a worker that is stopped: its work is run again', async () => {
    const notes: string[] = [];
    const note = (message: string): void => void notes.push(message);
    const pool = await SessionPool.open(spec, { workers: 2, limit: { baseSeconds: 1, secondsPerToken: 0 }, note });
    const [stopped] = pool.pids;
    const seen = new Set<number>();
    const jobs = Array.from({ length: 300 }, (_, i) =>
      job(i, ([output]) => {
        if (seen.size === 20) process.kill(stopped!, 'SIGSTOP');
        seen.add(output![0]!);
      }),
    );
    await pool.run(jobs);
    expect(seen.size).toBe(300);
    expect(pool.pids).not.toContain(stopped);
    expect(notes).toEqual(['a model process was replaced (no answer for 1 s); its texts are run again']);
    await pool.close();
  });

  it('gives up work that every worker hangs at', async () => {
    const pool = await SessionPool.open(spec, { workers: 1, limit: { baseSeconds: 1, secondsPerToken: 0 } });
    const hanging: Job = {
      // Asked for when the job is sent to a worker.
      get feeds() {
        for (const pid of pool.pids) process.kill(pid, 'SIGSTOP');
        return job(1, () => undefined).feeds;
      },
      done: () => undefined,
    };
    await expect(pool.run([hanging])).rejects.toThrow(
      '3 worker processes died while running the same job; the last one: no answer for 1 s',
    );
    await pool.close();
  });

  it('has more time for longer texts, and a base that can be set', () => {
    const feeds = { ids: { type: 'int32', data: new Int32Array(200), dims: [200] } } as const;
    expect(secondsFor(progressLimit({}), [feeds, feeds])).toBe(700);
    expect(secondsFor(progressLimit({ SGPT_BENCH_MODEL_TIMEOUT: '60' }), [feeds])).toBe(260);
    for (const text of ['0', '-1', 'x', 'Infinity'])
      expect(() => progressLimit({ SGPT_BENCH_MODEL_TIMEOUT: text })).toThrow(
        `SGPT_BENCH_MODEL_TIMEOUT: found "${text}"; expected a number of seconds above 0`,
      );
  });

  it('gives up work that every worker dies at', async () => {
    const pool = await SessionPool.open(spec, { workers: 1 });
    const deadly: Job = {
      // Asked for when the job is sent to a worker.
      get feeds() {
        for (const pid of pool.pids) process.kill(pid, 'SIGKILL');
        return job(1, () => undefined).feeds;
      },
      done: () => undefined,
    };
    await expect(pool.run([deadly])).rejects.toThrow(
      '3 worker processes died while running the same job; the last one: killed, perhaps for lack of memory',
    );
    await pool.close();
  });

  it('passes on what a job, or the making of one, throws', async () => {
    const pool = await SessionPool.open(spec, { workers: 2 });
    const failing = (function* () {
      yield job(1, () => undefined);
      throw new Error('no more');
    })();
    await expect(pool.run(failing)).rejects.toThrow('no more');
    const refusing = job(1, () => {
      throw new Error('not this');
    });
    await expect(pool.run([refusing])).rejects.toThrow('not this');
    const wrong: Job = { feeds: { z: { type: 'int32', data: Int32Array.of(1), dims: [1] } }, done: () => undefined };
    await expect(pool.run([wrong])).rejects.toThrow(/the model failed: .*'x'/);
    const results: number[] = [];
    await pool.run([1, 2, 3].map((value) => job(value, ([output]) => results.push(output![0]!))));
    expect(results.sort()).toEqual([1, 2, 3]);
    await pool.close();
  });

  it('does not open on a model that the runtime refuses', async () => {
    await expect(
      SessionPool.open({ ...spec, model: { ...model, graph: new Uint8Array([1, 2, 3]) } }, { workers: 2 }),
    ).rejects.toThrow();
  });
});

describe('a process', () => {
  const run = async (script: string): Promise<string> => {
    const index = new URL('../../src/models/index.ts', import.meta.url).href;
    const source = `const models = await import(${JSON.stringify(index)}); ${script}`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', source];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
    return stdout;
  };
  const create = `models.createBiEncoder({ model: ${JSON.stringify(model)}, pooling: ['mean'], maxTokens: null, threads: 2 })`;

  it('loads no model runtime when it imports the library', async () => {
    const loaded = `process.report.getReport().sharedObjects.filter((path) => path.includes('onnxruntime')).length`;
    expect(await run(`console.log(${loaded})`)).toBe('0\n');
    expect(await run(`const e = await ${create}; console.log(${loaded} > 0); await e.close()`)).toBe('true\n');
  });

  it('ends by itself with an encoder left open, and works between calls', async () => {
    const script = `const e = await ${create}; const [m] = await e.encode(['a', 'b'], 'query'); console.log(m.rows);`;
    expect(await run(script)).toBe('2\n');
  });
});
