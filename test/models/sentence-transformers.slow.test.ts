import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import type { Encoder } from '../../src/core/model.js';
import { createBiEncoder, type BiEncoderOptions } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { fixture, golden, relativeError } from './goldens.js';

/** What tools/goldens/models/sentence_transformers_folders.py computed. */
interface SentenceGolden {
  readonly cases: readonly {
    name: string;
    vectors: { text: string; query: number[]; document: number[] }[];
  }[];
}
const { cases } = golden('sentence-transformers') as SentenceGolden;

/** The GPT-Neo fixture with the modules of a case. */
function folderOf(name: string): string {
  const folder = join(temporaryFolder(), `gpt-neo-${name}`);
  cpSync(fixture('gpt-neo'), folder, { recursive: true });
  cpSync(join(fixture('sentence-transformers'), name), folder, { recursive: true });
  return folder;
}

function open(model: string, options: Partial<BiEncoderOptions> = {}): Promise<Encoder> {
  return createBiEncoder({ model, maxTokens: null, threads: 1, ...options });
}

/** Changes a JSON file of a folder. */
function edit(folder: string, file: string, change: (json: never) => void): void {
  const path = join(folder, file);
  const json = JSON.parse(readFileSync(path, 'utf8')) as never;
  change(json);
  writeFileSync(path, JSON.stringify(json));
}

describe('a sentence-transformers folder', () => {
  it.each(cases)('with $name gives the vectors of sentence-transformers', async ({ name, vectors }) => {
    const encoder = await open(folderOf(name));
    try {
      for (const { text, query, document } of vectors) {
        const [asQuery] = await encoder.encode([text], 'query');
        const [asDocument] = await encoder.encode([text], 'document');
        expect(relativeError(asQuery!.data, query)).toBeLessThan(1e-5);
        expect(relativeError(asDocument!.data, document)).toBeLessThan(1e-5);
      }
    } finally {
      await encoder.close();
    }
  });

  it('names its own view, records its settings and the files it was read from', async () => {
    const encoder = await open(folderOf('prompts'), { pooling: ['mean', 'own'] });
    await encoder.close();
    expect(encoder.views.map(({ name, dimensions }) => [name, dimensions])).toEqual([
      ['weightedmean+dense+normalize', 5],
      ['mean', 36],
    ]);
    expect(encoder.settings).toEqual({
      brackets: 'none',
      maxTokens: 30,
      lowerCase: true,
      queryPrompt: 'query: ',
      documentPrompt: 'passage: ',
    });
    expect(Object.keys(encoder.model.files)).toEqual(
      expect.arrayContaining(['modules.json', '1_Pooling/config.json', '2_Dense/pytorch_model.bin']),
    );
  });

  it('has one view for its own pooling and that of the same name', async () => {
    const encoder = await open(folderOf('mean'), { pooling: ['own', 'mean', 'max'] });
    const [own] = await encoder.encode(['a text'], 'query');
    await encoder.close();
    expect(encoder.views.map(({ name }) => name)).toEqual(['mean', 'max']);
    const alone = await open(folderOf('mean'));
    const [vector] = await alone.encode(['a text'], 'query');
    await alone.close();
    expect(own!.data).toEqual(vector!.data);
  });

  it('uses the length asked for, and without one never more than learned weights', async () => {
    const encoder = await open(folderOf('concatenated'), { maxTokens: 12 });
    await encoder.close();
    expect(encoder.settings['maxTokens']).toBe(12);
    const learned = await open(folderOf('learned-weights'));
    await learned.close();
    expect(learned.settings['maxTokens']).toBe(20);
  });

  it('without modules.json has weightedmean, and no pooling of its own', async () => {
    const encoder = await open(fixture('gpt-neo'));
    await encoder.close();
    expect(encoder.views.map(({ name }) => name)).toEqual(['weightedmean']);
    await expect(open(fixture('gpt-neo'), { pooling: ['own'] })).rejects.toThrow(
      'pooling "own": gpt-neo has no modules.json that defines it',
    );
  });

  type Modules = { type: string; path: string }[];
  it.each([
    ['modules.json', (json: Modules) => (json[1]!.type = 'x.LSTM'), /module x\.LSTM is not supported; supported: Tran/],
    ['modules.json', (json: Modules) => json.shift(), /begins with .*Pooling; expected a Transformer/],
    ['modules.json', (json: Modules) => json.splice(1, 1), /has dense after the transformer; expected a pooling/],
    ['modules.json', (json: Modules) => (json[1]!.path = '../up'), /path "\.\.\/up" is not the name of a folder/],
    ['modules.json', (json: Modules) => (json[0]!.path = '0_Transformer'), /its transformer is in the folder "0_Tr/],
    ['1_Pooling/config.json', (json: { pooling_mode: string }) => (json.pooling_mode = 'median'), /"pooling_mode"/],
    [
      '2_Dense/config.json',
      (json: Record<string, string>) => (json['activation_function'] = 'torch.nn.modules.activation.Softplus'),
      /activation_function": torch\.nn\.modules\.activation\.Softplus is not supported; supported: Identity, Tanh/,
    ],
    ['2_Dense/config.json', (json: { use_residual: boolean }) => (json.use_residual = true), /"use_residual"/],
    [
      '3_Dense/config.json',
      (json: { in_features: number }) => (json.in_features = 21),
      /takes 21 dimensions, but the module before it yields 20/,
    ],
    ['2_Dense/config.json', (json: { out_features: number }) => (json.out_features = 20.5), /"out_features"/],
  ])('with another %s is refused', async (file, change, message) => {
    const folder = folderOf('dense');
    edit(folder, file, change);
    const error = await open(folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it('whose weights have another shape is refused', async () => {
    const folder = folderOf('dense');
    edit(folder, '2_Dense/config.json', (json: { out_features: number }) => (json.out_features = 19));
    edit(folder, '3_Dense/config.json', (json: { in_features: number }) => (json.in_features = 19));
    await expect(open(folder)).rejects.toThrow('tensor "2_Dense/linear.weight" has shape [20, 36]');
  });
});
