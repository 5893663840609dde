import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBiEncoder, createCrossEncoder, parsePrompt, templateOf } from '../../src/models/index.js';
import { openEncoder, openScorer } from './setup.js';

/*
 * Trials against real servers, see docs/hosted-models.md. They are skipped unless these variables are set:
 * SGPT_BENCH_PYTHON      a Python with torch and transformers, for tools/trials/hosted/openai_server.py
 * SGPT_BENCH_EMBEDDINGS  URL,MODEL,FOLDER of an embeddings server that serves the model in the folder
 * SGPT_BENCH_COMPLETIONS URL,MODEL,FOLDER of a server of /completions; or URL,MODEL,FOLDER,TOKEN of one that accepts only
 *                        text, one prompt per request, and adds that token at the beginning
 */
const python = process.env['SGPT_BENCH_PYTHON'];
const [embeddingsUrl, embeddingsModel, embeddingsFolder] = (process.env['SGPT_BENCH_EMBEDDINGS'] ?? '').split(',');

const [completionsUrl, completionsModel, completionsFolder, beginToken] = (
  process.env['SGPT_BENCH_COMPLETIONS'] ?? ''
).split(',');

const root = join(import.meta.dirname, '../..');
const lines = (file: string): { title: string; text: string }[] =>
  readFileSync(join(root, 'datasets/demo', file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => ({ title: '', ...(JSON.parse(line) as { text: string }) }));
const documents = lines('corpus.jsonl')
  .slice(0, 40)
  .map(({ title, text }) => `${title} ${text}`);
const queries = lines('queries.jsonl')
  .slice(0, 5)
  .map(({ text }) => text);

const skippedPeer = python === undefined ? ' (skipped: SGPT_BENCH_PYTHON is not set)' : '';
// Servers refuse texts beyond the model's limit.
const groups = documents.map((document) => ({ document: document.slice(0, 400), queries }));

/** Scores all groups locally and by the server. */
async function compareScores(
  folder: string,
  prompt: string,
  name: string | undefined,
  options: Parameters<typeof openScorer>[0],
): Promise<void> {
  const local = await createCrossEncoder({ model: folder, prompt, threads: 1 });
  onTestFinished(() => local.close());
  const hosted = await openScorer(options, undefined, name);
  const [expected, found] = [await local.score(groups), await hosted.score(groups)];
  const difference = largestDifference(expected, found);
  process.stderr.write(
    `largest difference of ${groups.length * queries.length} scores: ${difference.toExponential(1)}\n`,
  );
  expect(difference).toBeLessThan(1e-3);
}

describe.skipIf(python === undefined)(`transformers behind /v1/completions${skippedPeer}`, () => {
  const folder = join(root, 'models/demo/gpt-neo-870k');

  it.each([
    ['token ids', { tokenizer: folder, maxTokens: 256 }],
    ['text', {}],
  ])("returns the local model's scores to 1e-3, sent %s", async (_, options) => {
    await compareScores(folder, 'G', undefined, { endpoint: await startPeer(folder), ...options });
  });
});

const skippedServer = completionsFolder === undefined ? ' (skipped: SGPT_BENCH_COMPLETIONS is not set)' : '';

/** One prompt per request takes seconds on a CPU. */
const longTimeout = { timeout: 600_000 };

describe.skipIf(completionsFolder === undefined)(`a completions server${skippedServer}`, longTimeout, () => {
  const endpoint = completionsUrl;
  const template = templateOf(parsePrompt('G'));

  it("returns the local model's scores to 1e-3, sent text", async () => {
    const batchSize = beginToken === undefined ? 32 : 1;
    const prompt = `${beginToken ?? ''}${template}`;
    await compareScores(completionsFolder!, prompt, completionsModel, { endpoint, batchSize });
  });

  it.skipIf(beginToken !== undefined)("returns the local model's scores to 1e-3, sent token ids", async () => {
    const tokenizer = completionsFolder!;
    await compareScores(tokenizer, 'G', completionsModel, { endpoint, tokenizer, maxTokens: 256 });
  });
});

const skippedEncoder = embeddingsFolder === undefined ? ' (skipped: SGPT_BENCH_EMBEDDINGS is not set)' : '';

describe.skipIf(embeddingsFolder === undefined)(`an embeddings server${skippedEncoder}`, () => {
  it("returns the local model's vectors to 1e-3 of their length", async () => {
    const local = await createBiEncoder({ model: embeddingsFolder!, pooling: ['mean'], maxTokens: null, threads: 1 });
    onTestFinished(() => local.close());
    const hosted = await openEncoder({ endpoint: embeddingsUrl }, undefined, embeddingsModel);
    const texts = [...queries, ...documents];
    const [[expected], [found]] = [await local.encode(texts, 'document'), await hosted.encode(texts, 'document')];
    const rows = texts.map((_, row) => [expected!, found!].map(({ data, columns }) => normalized(data, row, columns)));
    const difference = largestDifference(
      rows.map(([a]) => a!),
      rows.map(([, b]) => b!),
    );
    process.stderr.write(`largest difference of ${texts.length} normalised vectors: ${difference.toExponential(1)}\n`);
    expect(difference).toBeLessThan(1e-3);
  });
});

function normalized(data: Float32Array, row: number, columns: number): Float32Array {
  const vector = data.subarray(row * columns, (row + 1) * columns);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function largestDifference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return Math.max(...a.flatMap((row, i) => [...row].map((value, j) => Math.abs(value - b[i]![j]!))));
}

/** Starts the Python server on a free port; it ends with the test. */
async function startPeer(folder: string): Promise<string> {
  const server = spawn(python!, [join(root, 'tools/trials/hosted/openai_server.py'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill());
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.on('exit', () => {
      reject(new Error('the server ended before it listened'));
    });
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      resolve(text.trim());
    });
  });
}
