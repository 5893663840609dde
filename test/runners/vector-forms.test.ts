import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { documentText, profileByName } from '../../src/core/profile.js';
import { rank, type Run } from '../../src/core/run.js';
import type { SystemOutput } from '../../src/core/runner.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import { biEncoderRunner } from '../../src/runners/bi-encoder.js';
import { checkSpec } from '../../src/runners/check-spec.js';
import type { FormFields } from '../../src/runners/vector-forms.js';
import { VectorStore } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { hashEmbedding, hashEncoder } from '../helpers/hash-encoder.js';
import { recordingProgress } from '../helpers/progress.js';
import { writeSmallTask } from '../helpers/small-task.js';

let folder: string;
let task: RetrievalTask;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-forms-'));
  await writeSmallTask(folder);
  task = await openBeirFolder(folder, 'small');
});
afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

async function run(
  forms: FormFields,
  topK = 9,
): Promise<{ outputs: readonly SystemOutput[]; encoded: readonly string[] }> {
  const encoder = hashEncoder();
  const store = new VectorStore(temporaryFolder());
  const runner = biEncoderRunner({ encoder, store }, { threads: 1, forms });
  const context = { profile: profileByName('beir'), progress: recordingProgress() };
  const outputs = await runner.run(task, { topK, candidates: null }, context);
  expect(outputs.map(({ system }) => system)).toEqual(runner.systemsOn(task));
  return { outputs, encoded: encoder.encoded };
}

function runOf({ output }: SystemOutput): Run {
  if (output.kind !== 'ranking') throw new Error('a retrieval task has rankings');
  return output.run;
}

/** The rankings of all queries by a score of two texts. */
async function expected(score: (query: Float32Array, document: Float32Array) => number, topK: number): Promise<Run> {
  const documents: [string, Float32Array][] = [];
  for await (const document of task.corpus.documents())
    documents.push([document.id, hashEmbedding(documentText(document))]);
  const ids = documents.map(([id]) => id);
  return new Map(
    task.queries.map(({ id, text }) => {
      const query = hashEmbedding(text);
      const scores = documents.map(([, document]) => score(query, document));
      return [id, rank(ids, scores, topK)];
    }),
  );
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
const cosine = (a: Float32Array, b: Float32Array): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const bits = (vector: Float32Array): number[] => Array.from(vector, (value) => (value > 0 ? 1 : -1));

describe('the forms of vectors', () => {
  it('are systems of their own, all from one pass, with their size in bytes', async () => {
    const { outputs, encoded } = await run({
      ...{ dimensions: [48, 16], precision: ['float32', 'int8', 'binary'], rescore: null },
    });
    expect(outputs.map(({ system, cost }) => [system.name, cost.vectorBytes])).toEqual([
      ['BE hash trigrams', 192],
      ['BE hash trigrams int8', 48],
      ['BE hash trigrams binary', 6],
      ['BE hash trigrams 16d', 64],
      ['BE hash trigrams 16d int8', 16],
      ['BE hash trigrams 16d binary', 2],
    ]);
    expect(outputs[0]!.system.settings).not.toHaveProperty('dimensions');
    expect(outputs[4]!.system.settings).toMatchObject({ similarity: 'cosine', dimensions: 16, precision: 'int8' });
    expect(outputs[5]!.system.settings).toMatchObject({ similarity: 'hamming', dimensions: 16, precision: 'binary' });
    expect(encoded).toHaveLength(task.queries.length + task.corpus.size);
  });

  it('cut vectors are compared by their first dimensions', async () => {
    const { outputs } = await run({ dimensions: [16], precision: ['float32'], rescore: null });
    const found = await expected((a, b) => cosine(a.subarray(0, 16), b.subarray(0, 16)), 9);
    for (const [query, { ids }] of runOf(outputs[0]!)) expect(ids).toEqual(found.get(query)!.ids);
  });

  it('bits are compared by their Hamming distance', async () => {
    const { outputs } = await run({ dimensions: [], precision: ['binary'], rescore: null });
    expect(runOf(outputs[0]!)).toEqual(await expected((a, b) => dot(bits(a), bits(b)), 9));
  });

  it('what bits find can be put in order by queries in float32', async () => {
    const { outputs } = await run({ dimensions: [], precision: ['binary'], rescore: 2 }, 5);
    expect(outputs[0]!.system.name).toBe('BE hash trigrams binary rescored 2x');
    const coarse = await expected((a, b) => dot(bits(a), bits(b)), 10);
    const fine = await expected((a, b) => dot(a, bits(b)), 1000);
    for (const [query, { ids, scores }] of runOf(outputs[0]!)) {
      const among = new Set(coarse.get(query)!.ids);
      expect(ids).toEqual(
        fine
          .get(query)!
          .ids.filter((id) => among.has(id))
          .slice(0, 5),
      );
      expect(scores[0]).toBe(fine.get(query)!.scores[fine.get(query)!.ids.indexOf(ids[0]!)]);
    }
  });

  it('eight bits are nearly as good as the vectors themselves, and rescored nearer still', async () => {
    const whole = runOf((await run({ dimensions: [], precision: ['float32'], rescore: null })).outputs[0]!);
    const differences = (found: Run): number =>
      [...found].reduce((sum, [query, { scores }]) => sum + Math.abs(scores[0]! - whole.get(query)!.scores[0]!), 0);
    const [plain] = (await run({ dimensions: [], precision: ['int8'], rescore: null })).outputs;
    const [rescored] = (await run({ dimensions: [], precision: ['int8'], rescore: 4 })).outputs;
    expect(differences(runOf(rescored!))).toBeLessThan(differences(runOf(plain!)));
    expect(differences(runOf(rescored!))).toBeLessThan(0.02 * task.queries.length);
  });

  it.each([
    [{ rescore: 2 }, '--rescore is for quantized vectors'],
    [{ precision: ['int4'] }, 'unknown precision "int4", did you mean "int8"?'],
  ])('%j is refused', async (fields, message) => {
    const spec = { runner: 'bi-encoder', model: 'x', ...fields } as never;
    await expect(checkSpec(spec)).rejects.toThrow(message);
  });

  it('more dimensions than there are are refused', async () => {
    await expect(run({ dimensions: [64], precision: ['float32'], rescore: null })).rejects.toThrow(
      '--dimensions 64: the vectors of trigrams have 48 dimensions',
    );
  });
});
