import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { buildId } from '../../src/io/build-id.js';
import { bench, type BenchOptions } from '../../src/pipeline/bench.js';
import type { ResultRecord } from '../../src/results/record.js';
import { writeFiles } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

const folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-test-'));
const task = join(folder, 'small');

beforeAll(() => writeSmallTask(task, 4, 24));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Bits of float16, in which the bundled models are stored. */
const bits = { nan: 0x7e00, zero: 0, one: 0x3c00 };

/** A copy of a model whose tensors are changed; `change` gets their values as bits of float16. */
function damaged(model: string, name: string, change: (tensor: string, values: Uint16Array) => void): string {
  const copy = join(folder, name);
  cpSync(model, copy, { recursive: true });
  const path = join(copy, 'model.safetensors');
  const bytes = Uint8Array.from(readFileSync(path)).buffer;
  const start = 8 + Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes, 8, start - 8).toString()) as Record<
    string,
    { data_offsets?: [number, number] }
  >;
  for (const [tensor, { data_offsets }] of Object.entries(header)) {
    if (data_offsets === undefined) continue;
    const [from, to] = data_offsets;
    const values = new Uint16Array(bytes.slice(start + from, start + to));
    change(tensor, values);
    new Uint8Array(bytes).set(new Uint8Array(values.buffer), start + from);
  }
  writeFileSync(path, Buffer.from(bytes));
  return copy;
}

/** Runs a system on the small task and returns its record. */
async function run(name: string, options: Partial<BenchOptions>): Promise<ResultRecord> {
  const output = join(folder, name);
  const results = await bench({ tasks: [task], output, threads: 1, ...options });
  return results.at(-1)!.record;
}

async function refusal(name: string, options: Partial<BenchOptions>): Promise<string> {
  const error: unknown = await run(name, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  // A first stage may have a result, the system itself none.
  const written = existsSync(join(folder, name, 'small')) ? readdirSync(join(folder, name, 'small')) : [];
  expect(written.filter((result) => !result.startsWith('bm25'))).toEqual([]);
  return (error as InputError).message;
}

describe('a number that is not finite in the weights', () => {
  const poison = (tensor: string, values: Uint16Array): void => {
    if (tensor.endsWith('wpe.weight')) values[7] = bits.nan;
  };

  it('ends a cross-encoder, naming query and document', async () => {
    const model = damaged(smallModels.causal, 'nan-causal', poison);
    const message = await refusal('nan-ce', { models: [model], runners: ['cross-encoder'] });
    expect(message).toMatch(
      /^the model's score of the query ".+" with the document ".+" is NaN; its weights are damaged/,
    );
  });

  it('ends a bi-encoder, naming the text', async () => {
    const model = damaged(smallModels.biEncoder, 'nan-be', poison);
    const message = await refusal('nan-be-run', { models: [model] });
    expect(message).toMatch(/^the model's weightedmean vector of the query ".+" has the value NaN in dimension 0/);
  });

  it('is refused in a prompt with an answer, too', async () => {
    const model = damaged(smallModels.causal, 'nan-answers', poison);
    const message = await refusal('nan-l', { models: [model], runners: ['cross-encoder'], prompts: ['L'] });
    expect(message).toMatch(/^the model's score of the query/);
  });
});

describe('a run without sense', () => {
  it('is refused if all vectors are zero', async () => {
    const model = damaged(smallModels.biEncoder, 'zero', (tensor, values) => {
      if (tensor.includes('ln_f.')) values.fill(bits.zero);
    });
    expect(await refusal('zero-run', { models: [model] })).toMatch(
      /^zero: all 4 weightedmean vectors of the queries are zero; its weights or its tokenizer are damaged$/,
    );
  });

  it('is refused if all documents of every query have the same score', async () => {
    const model = damaged(smallModels.biEncoder, 'constant', (tensor, values) => {
      if (tensor.endsWith('ln_f.weight')) values.fill(bits.zero);
      if (tensor.endsWith('ln_f.bias')) values.fill(bits.one);
    });
    const output = join(folder, 'constant-run');
    await expect(bench({ tasks: [task], models: [model], output, threads: 1 })).rejects.toThrow(
      /all documents of each of the 4 queries have the same score, so the model tells none of them apart/,
    );
  });

  it('is refused if the tokenizer finds no token in any text', async () => {
    const model = join(folder, 'mute');
    cpSync(smallModels.biEncoder, model, { recursive: true });
    const path = join(model, 'tokenizer.json');
    const tokenizer = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const removal = { type: 'Replace', pattern: { Regex: '[^]' }, content: '' };
    writeFileSync(path, JSON.stringify({ ...tokenizer, normalizer: removal }));
    await expect(run('mute-run', { models: [model], brackets: 'none' })).rejects.toThrow(InputError);
  });
});

describe('the record', () => {
  it('counts texts that are cut, empty or dropped, and queries whose documents are tied', async () => {
    const counted = join(folder, 'counted');
    const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const documents = [
      { _id: 'd1', title: '', text: long },
      { _id: 'd2', title: 'a title', text: '' },
      { _id: 'd3', title: '', text: 'disk space' },
      { _id: 'd4', title: '', text: ' ' },
      { _id: 'd5', title: '', text: 'log files' },
    ];
    const queries = [
      { _id: 'q1', text: 'disk' },
      { _id: 'q2', text: '' },
    ];
    await writeFiles(counted, {
      'corpus.jsonl': documents.map((document) => JSON.stringify(document)).join('\n') + '\n',
      'queries.jsonl': queries.map((query) => JSON.stringify(query)).join('\n') + '\n',
      'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq1\td3\t1\nq2\td1\t1\n',
    });
    const progress = recordingProgress();
    const be = await run('counted-be', {
      tasks: [counted],
      models: [smallModels.biEncoder],
      maxTokens: 20,
      brackets: 'none',
      progress,
    });
    expect(be.health).toEqual({
      tiedQueries: 1,
      inputs: {
        queries: { total: 2, empty: 1, truncated: 0, zeroVectors: 1 },
        documents: { total: 4, empty: 1, truncated: 1, zeroVectors: 1 },
      },
      droppedDocuments: 1,
    });
    const notes = progress.notes.join('\n');
    expect(notes).toMatch(/: 1 of 2 queries with one score for all their documents\n/);
    expect(notes).toMatch(/: 1 of 5 documents dropped, as their text is empty\n/);
    expect(notes).toMatch(/: 1 of 2 vectors of queries are zero\n/);
    const candidates = join(folder, 'candidates.trec');
    writeFileSync(candidates, ['d1', 'd3', 'd5'].map((id, i) => `q1 Q0 ${id} ${i + 1} ${9 - i} x\n`).join(''));
    const ce = await run('counted-ce', {
      tasks: [counted],
      models: [smallModels.causal],
      runners: ['cross-encoder'],
      firstStage: candidates,
      maxTokens: 40,
    });
    expect(ce.health).toEqual({
      tiedQueries: 0,
      inputs: { pairs: { total: 3, empty: 0, truncated: 1, zeroVectors: null } },
      droppedDocuments: 0,
    });
  });

  it('names the builds and processors that computed its vectors', async () => {
    const { provenance } = await run('makers', { models: [smallModels.biEncoder] });
    expect(provenance.build).toBe(await buildId());
    expect(provenance.makers).toEqual([
      {
        build: provenance.build,
        onnxruntime: provenance.versions['onnxruntime-node'],
        processor: provenance.machine.cpu,
        shards: 2,
      },
    ]);
  });
});
