import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import type { Encoder, PairGroup } from '../../src/core/model.js';
import { createBiEncoder, createCrossEncoder, type BiEncoderOptions } from '../../src/models/index.js';
import { encoderGraph } from '../../src/models/graphs/encoder-graph.js';
import type { BuiltModel } from '../../src/models/onnx/built-model.js';
import { scorerGraph } from '../../src/models/graphs/scorer-graph.js';
import { packFeeds, packQueries } from '../../src/models/scoring/packing.js';
import { embeddingViews } from '../../src/models/pooling/poolings.js';
import { inBatches } from '../../src/models/runtime/batches.js';
import type { Feeds } from '../../src/models/runtime/messages.js';
import type { Job } from '../../src/models/runtime/job.js';
import { temporaryFolder } from '../helpers/folder.js';
import { formulaTensors, withCheckpoint, type Shapes } from './formula-checkpoint.js';
import { fixture, golden, relativeError } from './goldens.js';
import { openRaw, type RawModel } from './run-graph.js';

/** Other texts beside a text change the order of sums alone: differences of 9e-7 were seen. */
const tolerance = 1e-5;

const feedsOf = (ids: readonly number[]): Feeds => ({
  ids: { type: 'int32', data: Int32Array.from(ids), dims: [ids.length] },
});

describe('batches', () => {
  const texts = fc.array(fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 30 }));

  it('hold the texts in their order, as many as have so many tokens, and give each what is its own', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 80 }), (all, maxTokens) => {
        const given: (readonly Float32Array[])[] = [];
        const jobs = all.map((ids): Job => ({ feeds: feedsOf(ids), done: (outputs) => given.push(outputs) }));
        let inputs: number[] = [];
        let before = 0;
        for (const batch of inBatches(jobs, maxTokens)) {
          const { feeds } = batch;
          const [ids, positions, of, lasts] = ['ids', 'positions', 'texts', 'lasts'].map((name) =>
            Array.from(feeds[name]!.data, Number),
          ) as [number[], number[], number[], number[]];
          const first = all[given.length]!;
          expect(ids.length <= maxTokens || lasts.length === 1).toBe(true);
          // The batch before had no room for this one's first text.
          expect(before === 0 || before + first.length > maxTokens).toBe(true);
          before = ids.length;
          inputs = [...inputs, ...ids];
          lasts.forEach((last, text) => {
            const tokens = ids.flatMap((_, token) => (of[token] === text ? [token] : []));
            expect(tokens.at(-1)).toBe(last);
            expect(tokens.map((token) => positions[token])).toEqual([...tokens.keys()]);
          });
          // The outputs: each text's number among all, once in a row of one column, and thrice in one of three.
          const rows = lasts.map((_, text) => given.length + text);
          batch.done([Float32Array.from(rows), Float32Array.from(rows.flatMap((row) => [row, row, row]))]);
        }
        expect(inputs).toEqual(all.flat());
        expect(given.map((outputs) => outputs.map((values) => [...values]))).toEqual(
          all.map((_, text) => [[text], [text, text, text]]),
        );
      }),
    );
  });

  it.each([0, 1.5, -1, NaN])('of %d tokens are refused', async (batchTokens) => {
    const options = { model: fixture('gpt-neo'), maxTokens: null, threads: 1, batchTokens };
    await expect(createBiEncoder(options)).rejects.toThrow(InputError);
    await expect(createCrossEncoder({ ...options, prompt: 'C' })).rejects.toThrow('batchTokens: ');
  });
});

interface OpenedModel {
  /** The outputs of each job; several of them in one run where there is a number of tokens. */
  readonly run: (all: readonly Feeds[], batchTokens: number | null) => Promise<(readonly Float32Array[])[]>;
  readonly close: () => Promise<void>;
}

/** A model in this process. */
async function open({ graph, weightsFolder }: BuiltModel): Promise<OpenedModel> {
  const session = await InferenceSession.create(graph, {
    ...{ intraOpNumThreads: 1, interOpNumThreads: 1 },
    extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
  });
  const run: OpenedModel['run'] = async (all, batchTokens) => {
    const results: (readonly Float32Array[])[] = [];
    const jobs = all.map((feeds): Job => ({ feeds, done: (outputs) => results.push(outputs) }));
    for (const job of batchTokens === null ? jobs : inBatches(jobs, batchTokens)) {
      const tensors = Object.entries(job.feeds).map(([name, { type, data, dims }]) => [
        name,
        new Tensor(type, data, dims),
      ]);
      const outputs = await session.run(Object.fromEntries(tensors) as Record<string, Tensor>);
      job.done(session.outputNames.map((name) => outputs[name]!.data as Float32Array));
    }
    return results;
  };
  return { run, close: () => session.release() };
}

/** Runs `use` with a model of these names, or with the GPT-Neo of the fixtures, which has layers of local attention. */
async function withModel(name: string, use: (model: RawModel) => Promise<void>): Promise<void> {
  if (name === 'gpt-neo') return use(await openRaw(fixture(name)));
  const { config, tensors } = golden(`architectures/${name}`) as { config: object; tensors: Shapes };
  return withCheckpoint(config, formulaTensors(tensors), async (folder) => use(await openRaw(folder)));
}

const names = readdirSync(new URL('goldens/architectures', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

/** In RoBERTa and MPNet, token 1 is padding: it has no position of its own. */
const token = fc.integer({ min: 0, max: 40 });
const budget = fc.integer({ min: 1, max: 120 });
const some = { numRuns: 15 };

const canScore = (name: string): boolean =>
  name === 'gpt-neo' || (golden(`architectures/${name}`) as { scores: unknown }).scores !== null;

describe.each(['gpt-neo', ...names.sort()])('several texts in one run of %s', (name) => {
  it('have the vectors that each has alone, in every pooling of every layer', async () => {
    await withModel(name, async ({ checkpoint, architecture }) => {
      const views = embeddingViews(['all'], ['all'], architecture);
      const alone = await open(encoderGraph(architecture, checkpoint, views));
      const batched = await open(encoderGraph(architecture, checkpoint, views, { batched: true }));
      const text = fc.array(token, { minLength: 1, maxLength: Math.min(architecture.maxTokens ?? 60, 60) });
      await fc.assert(
        fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), budget, async (texts, maxTokens) => {
          const expected = await alone.run(texts.map(feedsOf), null);
          const actual = await batched.run(texts.map(feedsOf), maxTokens);
          expected.forEach((vectors, i) => {
            vectors.forEach((vector, view) => {
              expect(relativeError(actual[i]![view]!, vector), views[view]!.name).toBeLessThan(tolerance);
            });
          });
        }),
        some,
      );
      await Promise.all([alone.close(), batched.close()]);
    });
  });

  it.runIf(canScore(name))('have the log-probabilities that each has alone, with its queries', async () => {
    await withModel(name, async ({ checkpoint, architecture }) => {
      const alone = await open(scorerGraph(architecture, checkpoint));
      const batched = await open(scorerGraph(architecture, checkpoint, { batched: true }));
      const limits = { maxTokens: 39, instructionTokens: 2, maxQueryTokens: 20 };
      const group = fc.record({
        context: fc.array(token, { minLength: 1, maxLength: 50 }),
        queries: fc.array(fc.array(token, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 6 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 5 }), budget, async (groups, maxTokens) => {
          const packs = groups.flatMap(({ context, queries }) => packQueries(context, queries, limits)).map(packFeeds);
          const expected = await alone.run(packs, null);
          const actual = await batched.run(packs, maxTokens);
          expected.forEach(([values], i) => {
            expect(relativeError(actual[i]![0]!, values!)).toBeLessThan(tolerance);
          });
        }),
        some,
      );
      await Promise.all([alone.close(), batched.close()]);
    });
  });
});

/** From none to beyond the model's 64 positions. */
const texts = fc.sample(fc.string({ maxLength: 120, unit: 'grapheme' }), { numRuns: 40, seed: 11 }).concat('', ' \n');
const budgets = [1, 40, 300, 100_000];

describe('an encoder that takes several texts a run', () => {
  const options = { model: fixture('gpt-neo'), brackets: 'none', maxTokens: null, threads: 1 } as const;
  const all = { ...options, pooling: ['all'], layer: ['all'] } as const;
  let alone: Encoder;
  beforeAll(async () => {
    alone = await createBiEncoder(all);
  });
  afterAll(() => alone.close());

  it.each(budgets)('of %d tokens gives each its vectors, in their order, and tells each done once', async (tokens) => {
    const encoder = await createBiEncoder({ ...all, threads: 2, batchTokens: tokens });
    let done = 0;
    const actual = await encoder.encode(texts, 'document', { onProgress: (more) => (done += more) });
    await encoder.close();
    const expected = await alone.encode(texts, 'document');
    expect(done).toBe(texts.length);
    expect(encoder.settings).toEqual(alone.settings);
    expected.forEach(({ columns, data }, view) => {
      texts.forEach((_, i) => {
        const [first, end] = [i * columns, (i + 1) * columns];
        const vector = actual[view]!.data.subarray(first, end);
        expect(relativeError(vector, data.subarray(first, end))).toBeLessThan(tolerance);
      });
    });
  });

  it('gives the same bytes again, and whatever the number of workers', async () => {
    const encode = async (threads: number): Promise<Float32Array> => {
      const encoder = await createBiEncoder({ ...options, threads, batchTokens: 300 });
      const [matrix] = await encoder.encode(texts, 'document');
      await encoder.close();
      return matrix!.data;
    };
    expect(await encode(3)).toEqual(await encode(1));
  });

  it('comes near in eight bits', async () => {
    const encode = async (changes: Partial<BiEncoderOptions>): Promise<Float32Array> => {
      const encoder = await createBiEncoder({ ...options, dtype: 'int8', ...changes });
      const [matrix] = await encoder.encode(texts, 'document');
      await encoder.close();
      return matrix!.data;
    };
    // Sums of attention in another order can tip an activation over to the next of 255 steps; 2e-3 was seen.
    expect(relativeError(await encode({ batchTokens: 300 }), await encode({}))).toBeLessThan(1e-2);
  });
});

describe.each(readdirSync(fixture('sentence-transformers')).sort())('the modules of %s', (name) => {
  it('give several texts in one run the vectors that each has alone', async () => {
    const model = join(temporaryFolder(), name);
    cpSync(fixture('gpt-neo'), model, { recursive: true });
    cpSync(join(fixture('sentence-transformers'), name), model, { recursive: true });
    const [alone, together] = await Promise.all(
      [null, 200].map(async (batchTokens) => {
        const encoder = await createBiEncoder({ model, maxTokens: null, threads: 1, batchTokens });
        const [matrix] = await encoder.encode(texts, 'query');
        await encoder.close();
        return matrix!;
      }),
    );
    const { columns, data } = alone!;
    texts.forEach((_, i) => {
      const [first, end] = [i * columns, (i + 1) * columns];
      expect(relativeError(together!.data.subarray(first, end), data.subarray(first, end))).toBeLessThan(tolerance);
    });
  });
});

describe('a pair scorer that takes several documents a run', () => {
  const groups: PairGroup[] = fc.sample(
    fc.record({
      document: fc.string({ maxLength: 60 }),
      queries: fc.array(fc.string({ maxLength: 30 }), { maxLength: 8 }),
    }),
    { numRuns: 25, seed: 11 },
  );

  const demo = fileURLToPath(new URL('../../models/demo/gpt-neo-170k', import.meta.url));
  it.each(budgets.flatMap((tokens) => [['C', tokens, fixture('gpt-neo')] as const, ['L', tokens, demo] as const]))(
    'with prompt %s, of %d tokens, gives each pair its score and tells each done once',
    async (prompt, batchTokens, model) => {
      const [alone, together] = await Promise.all([
        createCrossEncoder({ model, prompt, threads: 1 }),
        createCrossEncoder({ model, prompt, threads: 2, batchTokens }),
      ]);
      const expected = await alone.score(groups);
      let done = 0;
      const actual = await together.score(groups, { onProgress: (more) => (done += more) });
      await Promise.all([alone.close(), together.close()]);
      expect(done).toBe(groups.reduce((sum, { queries }) => sum + queries.length, 0));
      expected.forEach((scores, group) => {
        expect(relativeError(actual[group]!, scores)).toBeLessThan(tolerance);
      });
    },
  );
});
