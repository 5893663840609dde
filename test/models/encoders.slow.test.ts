import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Encoder } from '../../src/core/model.js';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { formulaTensors, type Shapes } from './formula-checkpoint.js';
import { fixture, golden, relativeError } from './goldens.js';
import { writeTensors } from './safetensors-writer.js';

/** What sentence-transformers made of texts (tools/goldens/models/sentence_transformers_encoders.py). */
interface EncoderGolden {
  readonly cases: readonly {
    name: string;
    tensors: Shapes;
    maxTokens: number;
    texts: { text: string; vectors: Record<string, number[]> }[];
  }[];
}

const { cases } = golden('encoders') as EncoderGolden;
const poolings = Object.keys(cases[0]!.texts[0]!.vectors);

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'sgpt-bench-encoders-'));
  for (const { name, tensors } of cases) {
    cpSync(fixture(`encoders/${name}`), join(parent, name), { recursive: true });
    writeTensors(join(parent, name, 'model.safetensors'), formulaTensors(tensors));
  }
});
afterAll(() => {
  rmSync(parent, { recursive: true, force: true });
});

describe.each(cases)('$name of at most $maxTokens tokens', ({ name, maxTokens, texts }) => {
  let encoder: Encoder;
  beforeAll(async () => {
    encoder = await createBiEncoder({ model: join(parent, name), pooling: poolings, maxTokens, threads: 1 });
  });
  afterAll(() => encoder.close());

  it.each(texts)('embeds "$text" as sentence-transformers does', async ({ text, vectors }) => {
    const matrices = await encoder.encode([text], 'query');
    encoder.views.forEach(({ pooling }, i) => {
      expect(relativeError(matrices[i]!.data, vectors[pooling]!)).toBeLessThan(1e-5);
    });
  });
});

describe('an encoder', () => {
  it('takes as many tokens as it has positions, special ones included', async () => {
    const limits = new Map<string, unknown>();
    for (const name of ['bert', 'roberta', 'mpnet', 'llama']) {
      const encoder = await createBiEncoder({
        model: join(parent, name),
        pooling: ['cls'],
        maxTokens: null,
        threads: 1,
      });
      limits.set(name, encoder.settings['maxTokens']);
      await encoder.encode(['word '.repeat(500)], 'document');
      await encoder.close();
    }
    expect(Object.fromEntries(limits)).toEqual({ bert: 41, roberta: 41, mpnet: 41, llama: 41 });
  });

  it('needs room for a text between its special tokens', async () => {
    const options = { model: join(parent, 'bert'), pooling: ['cls'], maxTokens: 2, threads: 1 };
    await expect(createBiEncoder(options)).rejects.toThrow(
      'maxTokens: 2 leaves no room for a text between the 2 tokens around it; expected at least 3',
    );
  });

  it('needs a tokenizer that leaves a text whole', async () => {
    const model = join(parent, 'swallowing');
    cpSync(join(parent, 'bert'), model, { recursive: true });
    const path = join(model, 'tokenizer.json');
    const tokenizer = JSON.parse(readFileSync(path, 'utf8')) as { post_processor: { single: unknown[] } };
    tokenizer.post_processor.single = tokenizer.post_processor.single.slice(0, 1);
    writeFileSync(path, JSON.stringify(tokenizer));
    const options = { model, pooling: ['cls'], maxTokens: null, threads: 1 };
    await expect(createBiEncoder(options)).rejects.toThrow("its post_processor changes a text's own tokens");
  });

  it('cannot score pairs', async () => {
    const options = { model: join(parent, 'bert'), prompt: 'A', threads: 1 };
    await expect(createCrossEncoder(options)).rejects.toThrow('bert is an encoder; it has no language model head');
  });
});
