/**
 * Encoding a corpus as `run` does it, reading, tokenising and writing shards included; or the model alone: the same
 * inputs, tokenised beforehand, through the same workers in the same order, and what comes out is thrown away.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { profileByName } from '../../../src/core/profile.js';
import type { RetrievalTask } from '../../../src/core/dataset.js';
import { openBeirFolder } from '../../../src/datasets/beir-folder.js';
import { textIds } from '../../../src/models/encoding/text-ids.js';
import { locateModel } from '../../../src/models/hub/index.js';
import { createBiEncoder } from '../../../src/models/index.js';
import { longestFirst } from '../../../src/models/runtime/longest-first.js';
import { encoderGraph } from '../../../src/models/graphs/encoder-graph.js';
import { openModel } from '../../../src/models/loading/open-model.js';
import { embeddingViews } from '../../../src/models/pooling/poolings.js';
import { activationBytes } from '../../../src/models/runtime/worker-layout.js';
import type { Feeds } from '../../../src/models/runtime/messages.js';
import { startModel } from '../../../src/models/loading/start-model.js';
import { documentTexts, textSequence } from '../../../src/runners/task-texts.js';
import { embed } from '../../../src/runners/embedding.js';
import { batches, drain, inOrder } from '../../../src/runners/ordered-concurrency.js';
import { VectorStore } from '../../../src/stores/index.js';
import { serve, type Job } from './serve.js';
import { workerSeconds } from './worker-time.js';

interface Parameters {
  readonly model: string;
  /** A folder in BEIR's layout. */
  readonly task: string;
  readonly maxTokens: number;
  readonly threads: number;
  /** Texts per shard. */
  readonly shard: number;
  readonly modelAlone: boolean;
}

const profile = profileByName('sgpt-paper');
/** Shards that are under way at a time, as in a run. */
const inFlight = 2;

await serve(async (parameters: Parameters): Promise<Job> => {
  const { threads, modelAlone } = parameters;
  const work = modelAlone ? await modelWork(parameters) : await wholeWork(parameters);
  return {
    about: `${threads} workers with one thread each, float32`,
    async run() {
      const before = workerSeconds();
      const finish = await work();
      return { workerCpu: workerSeconds() - before, finish };
    },
  };
});

/** Does the work once, and gives what removes its traces. */
type Work = () => Promise<() => Promise<void>>;

async function wholeWork({ model, task: folder, maxTokens, threads, shard }: Parameters): Promise<Work> {
  const encoder = await createBiEncoder({ model, maxTokens, threads, brackets: 'none', pooling: ['weightedmean'] });
  const progress = { stage: () => ({ advance: () => undefined, end: () => undefined }), note: () => undefined };
  const shards = { inFlight, size: shard, make: (_: unknown, compute: () => Promise<void>) => compute() };
  return async () => {
    const storeFolder = await mkdtemp(join(folder, 'store-'));
    const task = await openBeirFolder(folder, 'overhead');
    const stored = { encoder, store: new VectorStore(storeFolder) };
    await embed(stored, textSequence(task, 'documents', profile), { profile, progress, shards });
    await task.corpus.close();
    return () => rm(storeFolder, { recursive: true });
  };
}

async function modelWork({ model, task: folder, maxTokens, threads, shard }: Parameters): Promise<Work> {
  const opened = await openModel(await locateModel(model, {}), 'fp32');
  const { architecture, checkpoint, tokenizer } = opened;
  const views = embeddingViews(['weightedmean'], [], architecture);
  const { pool } = await startModel(opened, (int8) => encoderGraph(architecture, checkpoint, views, { int8 }), {
    ...{ threads, device: 'cpu', activationBytes: activationBytes(maxTokens, architecture.hiddenSize, 0) },
    ...{ probe: feedsOf(new Int32Array(maxTokens)), note: () => undefined },
  });
  const task = await openBeirFolder(folder, 'overhead');
  const parts = await tokenised(task, shard, (text) => textIds(tokenizer, text, null, maxTokens).ids);
  await task.corpus.close();
  const run = (part: readonly Feeds[]): Promise<void> =>
    pool.run(part.map((feeds) => ({ feeds, done: () => undefined })));
  return async () => {
    await drain(inOrder(parts, inFlight, run));
    return () => Promise.resolve();
  };
}

/** The inputs of the model, shard by shard, in the order in which the encoder has them computed. */
async function tokenised(
  task: RetrievalTask,
  shard: number,
  toIds: (text: string) => Int32Array,
): Promise<readonly Feeds[][]> {
  const parts: Feeds[][] = [];
  for await (const batch of batches(documentTexts(task, profile), shard)) {
    const order = longestFirst(batch.map(({ text }) => text.length));
    parts.push(Array.from(order, (i) => feedsOf(toIds(batch[i]!.text))));
  }
  return parts;
}

function feedsOf(ids: Int32Array): Feeds {
  return { ids: { type: 'int32', data: ids, dims: [ids.length] } };
}
