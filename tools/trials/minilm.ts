/**
 * Runs the real all-MiniLM-L6-v2 on the real NFCorpus, from its weights, and compares with what is published:
 *
 *     tsx tools/trials/minilm.ts --model FOLDER --nfcorpus FOLDER [--reference FILE] [--threads N] [--write]
 *
 * FOLDER is the model as sentence-transformers saves it, and NFCorpus in BEIR's layout. With --reference, vectors are
 * compared with those of minilm_reference.py. --write puts the outcome into docs/reproduced.md. Ends with status 1 where a
 * difference is too large.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readJson } from '../../src/io/files.js';
import { profileByName } from '../../src/core/profile.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import { mainMeasure } from '../../src/pipeline/context.js';
import { runOnTask } from '../../src/pipeline/stored-result.js';
import { createBiEncoder } from '../../src/models/index.js';
import { biEncoderRunner } from '../../src/runners/bi-encoder.js';
import { VectorStore } from '../../src/stores/index.js';
import type { ResultRecord } from '../../src/results/record.js';

/** Of embeddings-benchmark/results, revision 8b3219a. */
const published = 0.31594;
const scoreTolerance = 0.0005;
const vectorTolerance = 1e-5;

const referenceSchema = z.object({
  versions: z.record(z.string(), z.string()),
  texts: z.array(z.object({ text: z.string(), vector: z.array(z.number()) })),
});

interface VectorComparison {
  readonly texts: number;
  /** Largest absolute difference of two values; vectors have length 1. */
  readonly difference: number;
  readonly versions: Readonly<Record<string, string>>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      nfcorpus: { type: 'string' },
      reference: { type: 'string' },
      threads: { type: 'string', default: '2' },
      write: { type: 'boolean', default: false },
    },
  });
  const { model, nfcorpus, reference } = values;
  if (model === undefined || nfcorpus === undefined) throw new Error('--model and --nfcorpus are needed');
  const threads = Number(values.threads);
  const vectors = reference === undefined ? null : await compareVectors(model, reference, threads);
  const record = await score(model, nfcorpus, threads);
  const reached = record.measures[mainMeasure]!;
  const lines = describe(record, reached, vectors);
  process.stdout.write(lines.join('\n') + '\n');
  if (values.write) await writeSection(lines);
  const ok =
    Math.abs(reached - published) <= scoreTolerance && (vectors === null || vectors.difference <= vectorTolerance);
  process.exitCode = ok ? 0 : 1;
}

async function compareVectors(model: string, path: string, threads: number): Promise<VectorComparison> {
  const { texts, versions } = await readJson(path, referenceSchema, 'what minilm_reference.py writes');
  const encoder = await createBiEncoder({ model, maxTokens: null, threads });
  try {
    const [matrix] = await encoder.encode(
      texts.map(({ text }) => text),
      'document',
    );
    let difference = 0;
    texts.forEach(({ vector }, row) => {
      vector.forEach((value, column) => {
        const delta = Math.abs(matrix!.data[row * matrix!.columns + column]! - value);
        // Written so that NaN does not pass for a small difference.
        if (!(delta <= difference)) difference = delta;
      });
    });
    return { texts: texts.length, difference, versions };
  } finally {
    await encoder.close();
  }
}

async function score(model: string, nfcorpus: string, threads: number): Promise<ResultRecord> {
  const output = await mkdtemp(join(tmpdir(), 'sgpt-bench-trial-'));
  const profile = profileByName('mteb');
  const task = await openBeirFolder(nfcorpus, 'beir/nfcorpus', 'test');
  const encoder = await createBiEncoder({ model, maxTokens: profile.biEncoderTokens, threads });
  const runner = biEncoderRunner({ encoder, store: new VectorStore(output) }, { threads });
  const progress = {
    stage: () => ({ advance: () => undefined, end: () => undefined }),
    note: (message: string) => process.stderr.write(`${message}\n`),
  };
  const settings = { measures: [mainMeasure], topK: 1000, output, overwrite: false };
  const context = { profile, progress, threads, command: 'tools/trials/minilm.ts' };
  try {
    const [result] = await runOnTask(runner, task, null, settings, context);
    return result!.record;
  } finally {
    await runner.close();
    await task.corpus.close();
    await rm(output, { recursive: true });
  }
}

function describe(record: ResultRecord, reached: number, vectors: VectorComparison | null): string[] {
  const { model } = record.system;
  const versions = { ...record.provenance.versions, ...vectors?.versions };
  const rows = [
    ['nDCG@10, published (embeddings-benchmark/results, revision 8b3219a)', String(published)],
    ['nDCG@10, here (profile mteb)', String(reached)],
    ['difference', (reached - published).toFixed(5)],
    ...(vectors === null
      ? []
      : [
          [
            `vectors against sentence-transformers, ${vectors.texts} texts, largest difference of a value`,
            vectors.difference.toExponential(1),
          ],
        ]),
    [
      'settings',
      Object.entries(record.system.settings)
        .map(([key, value]) => `${key} ${String(value)}`)
        .join(', '),
    ],
    ['SHA-256 of model.safetensors', model?.files['model.safetensors'] ?? '?'],
    ['SHA-256 of the task', record.task.checksum],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ['date', record.provenance.createdAt.slice(0, 10)],
  ];
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name!} | ${value!} |`)];
}

/** Replaces what stands between this trial's marks in docs/reproduced.md. */
async function writeSection(lines: readonly string[]): Promise<void> {
  const path = new URL('../../docs/reproduced.md', import.meta.url);
  const text = await readFile(path, 'utf8');
  const section = /(<!-- minilm -->\n)[^]*?(<!-- \/minilm -->)/;
  if (!section.test(text)) throw new Error('docs/reproduced.md has no place for this trial');
  await writeFile(
    path,
    text.replace(section, (_, begin: string, end: string) => `${begin}\n${lines.join('\n')}\n\n${end}`),
  );
}

await main();
