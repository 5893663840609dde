import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { profileByName, documentText } from '../../src/core/profile.js';
import { rank, type Ranking } from '../../src/core/run.js';
import { similarities, type Similarity } from '../../src/core/system-fields.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import { bench } from '../../src/pipeline/bench.js';
import { biEncoderRunner } from '../../src/runners/bi-encoder.js';
import { VectorStore } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { hashEmbedding, hashEncoder } from '../helpers/hash-encoder.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

let folder: string;
let task: RetrievalTask;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-similarity-'));
  await writeSmallTask(folder);
  task = await openBeirFolder(folder, 'small');
});
afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

const formulas: Readonly<Record<Similarity, (a: Float32Array, b: Float32Array) => number>> = {
  dot: (a, b) => sum(a, (value, i) => value * b[i]!),
  cosine: (a, b) => formulas.dot(a, b) / Math.sqrt(formulas.dot(a, a) * formulas.dot(b, b)),
  euclidean: (a, b) => -Math.sqrt(sum(a, (value, i) => (value - b[i]!) ** 2)),
  manhattan: (a, b) => -sum(a, (value, i) => Math.abs(value - b[i]!)),
};

function sum(vector: Float32Array, term: (value: number, i: number) => number): number {
  return vector.reduce((total, value, i) => total + term(value, i), 0);
}

async function expected(similarity: Similarity, query: string): Promise<Ranking> {
  const ids: string[] = [];
  const scores: number[] = [];
  for await (const document of task.corpus.documents()) {
    ids.push(document.id);
    scores.push(formulas[similarity](hashEmbedding(query), hashEmbedding(documentText(document))));
  }
  return rank(ids, scores, 7);
}

/** What a model that declares a similarity, or none, makes of the task when one is asked for, or none. */
async function run(declared: Similarity | null, requested: Similarity | null): Promise<[string, unknown, Ranking]> {
  const encoder = { ...hashEncoder(), similarity: declared };
  const stored = { encoder, store: new VectorStore(temporaryFolder()) };
  const runner = biEncoderRunner(stored, { threads: 1, similarity: requested });
  const context = { profile: profileByName('beir'), progress: recordingProgress() };
  const [result] = await runner.run(task, { topK: 7, candidates: null }, context);
  if (result!.output.kind !== 'ranking') throw new Error('a retrieval task has rankings');
  const { name, settings } = result!.system;
  return [name, settings['similarity'], result!.output.run.get(task.queries[0]!.id)!];
}

describe('the similarity', () => {
  it.each(similarities)('%s, declared by the model, is used, recorded and named', async (similarity) => {
    const [name, recorded, ranking] = await run(similarity, null);
    expect(recorded).toBe(similarity);
    expect(name).toBe(similarity === 'cosine' ? 'BE hash trigrams' : `BE hash trigrams by ${similarity}`);
    const { ids, scores } = await expected(similarity, task.queries[0]!.text);
    expect(ranking.ids).toEqual(ids);
    ranking.scores.forEach((score, i) => {
      expect(score).toBeCloseTo(scores[i]!, 5);
    });
  });

  it('of the request comes before that of the model, and cosine before neither', async () => {
    expect((await run('dot', 'euclidean'))[1]).toBe('euclidean');
    expect((await run(null, 'dot'))[1]).toBe('dot');
    expect((await run(null, null))[1]).toBe('cosine');
  });

  it('is not for USEB, whose measures say how vectors are compared', async () => {
    const options = { tasks: ['demo/useb/askubuntu'], models: [smallModels.biEncoder], output: temporaryFolder() };
    await expect(bench({ ...options, similarity: 'dot' })).rejects.toThrow("leave --similarity out: USEB's own");
  });
});
