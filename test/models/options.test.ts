import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { resolveBrackets } from '../../src/models/encoding/brackets.js';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { embeddingViews, parsePooling } from '../../src/models/pooling/poolings.js';
import { parsePrompt, promptNames, templateOf } from '../../src/models/scoring/prompts.js';
import { fixture } from './goldens.js';

const model = fixture('gpt-neo');

describe('poolings and layers', () => {
  const small = { layers: 3, hiddenSize: 8, outputSize: 8, pooler: null };

  it('name their views by pooling, and by layer where it is not the last', () => {
    const views = embeddingViews(['mean', 'lasttokenmean', 'mean'], [-1, 2, 'all'], small);
    expect(views.map(({ name }) => name)).toEqual(['mean', 'mean@2', 'mean@0', 'mean@1', 'lasttokenmean']);
    expect(views.every(({ dimensions }) => dimensions === 8)).toBe(true);
    expect(embeddingViews(['max'], [], small)).toEqual([{ name: 'max', pooling: 'max', layer: 3, dimensions: 8 }]);
  });

  it('are all that the model has, for `all`', () => {
    const names = (model: typeof small | { pooler: object }): string[] =>
      embeddingViews(['all'], [0, -1], { ...small, ...model }).map(({ name }) => name);
    const everywhere = ['weightedmean', 'mean', 'lasttoken', 'cls', 'max'].flatMap((name) => [`${name}@0`, name]);
    expect(names(small)).toEqual([...everywhere, 'meanmean', 'lasttokenmean']);
    expect(names({ pooler: {} })).toEqual([...everywhere, 'meanmean', 'lasttokenmean', 'pooler']);
    const projected = { ...small, outputSize: 4 };
    expect(names(projected)).toEqual(everywhere);
    expect(embeddingViews(['mean'], [0, 3], projected).map(({ dimensions }) => dimensions)).toEqual([8, 4]);
    expect(() => embeddingViews(['meanmean'], [], projected)).toThrow(
      'pooling "meanmean": this model does not have it',
    );
    expect(() => embeddingViews(['pooler'], [], small)).toThrow(
      'it has weightedmean, mean, lasttoken, cls, max, meanmean',
    );
  });

  it('refuse what does not exist', () => {
    expect(() => parsePooling('weightedmeen')).toThrow(
      'unknown pooling "weightedmeen", did you mean "weightedmean"? known: weightedmean, mean, lasttoken',
    );
    expect(() => embeddingViews(['mean'], [4], small)).toThrow('layer 4 does not exist; expected 0 (embeddings) to 3');
    expect(() => embeddingViews([], [], small)).toThrow('no pooling given');
  });
});

describe('brackets', () => {
  it.each([
    ['SGPT-125M-weightedmean-msmarco-specb-bitfit', 'specb'],
    ['SGPT-125M-weightedmean-nli-bitfit', 'none'],
    ['specbound-model', 'none'],
    ['sgpt_speca_1', 'speca'],
    ['bigscience/sgpt-bloom-7b1-msmarco', 'specb'],
    ['sgpt-bloom-7b1-msmarco', 'specb'],
  ])('of %s are %s', (id, brackets) => {
    expect(resolveBrackets('auto', id)).toBe(brackets);
    expect(resolveBrackets('none', id)).toBe('none');
    expect(resolveBrackets('auto', 'folder', id)).toBe(id.includes('bloom') ? 'none' : brackets);
    expect(resolveBrackets('<q>,</q>,<d>,</d>', id)).toBe('<q>,</q>,<d>,</d>');
  });

  it('refuse an unknown name', () => {
    expect(() => resolveBrackets('spec', 'x')).toThrow('unknown brackets "spec"');
    expect(() => resolveBrackets('[,],{', 'x')).toThrow('or four tokens separated by commas, like "[,],{,}"');
  });
});

describe('prompts', () => {
  it('put the document before the query', () => {
    const example = { document: 'a $& document', query: 'a query' };
    for (const name of promptNames.filter((known) => !known.startsWith('L')))
      expect(templateOf(parsePrompt(name, example))).toMatch(/^[^]*\{document\}[^]*\{query\}$/);
    expect(parsePrompt('K', example).before).toBe('Document:\na $& document\nQuery:\na query\nDocument:\n');
    expect(parsePrompt('G')).toEqual({
      name: 'G',
      before: 'Documents are searched to find matches with the same content.\nThe document "',
      between: '" is a good search result for "',
    });
    expect(parsePrompt('$& {document}: {query}')).toEqual({ name: 'custom', before: '$& ', between: ': ' });
  });

  it.each([
    ['Z', /unknown prompt "Z"; known: A, B, C/],
    ['toString', /unknown prompt "toString"/],
    ['J', /needs a judged pair of the task as an example, and none is available here/],
    ['L', /asks for an answer, which this model cannot score/],
    ['Find {query}', /has \{document\} 0 times; expected a text with \{document\} once and \{query\} once, at the end/],
    ['{query} {document}', /has \{query\} in a place where it cannot be scored/],
    ['{document} {query}?', /has \{query\} in a place where it cannot be scored/],
    ['{document} {document} {query}', /has \{document\} 2 times/],
    ['{document} {query} {query}', /has \{query\} 2 times/],
    ['{document}', /has \{query\} 0 times/],
  ])('refuse "%s"', (prompt, message) => {
    expect(() => parsePrompt(prompt)).toThrow(message);
    expect(() => parsePrompt(prompt)).toThrow(InputError);
  });
});

describe('options', () => {
  const options = { model, pooling: ['mean'], maxTokens: null, threads: 1 };

  it.each([
    [{ ...options, threads: 0 }, 'threads: 0 is not possible'],
    [{ ...options, maxTokens: 0 }, 'maxTokens: 0 is not possible'],
    [{ ...options, maxTokens: 2, brackets: 'specb' as const }, 'maxTokens: 2 leaves no room'],
    [{ ...options, brackets: 'speca' as const }, 'its vocabulary has no token "[SOS]"'],
    [{ ...options, poolings: ['mean'] }, 'unknown option "poolings", did you mean "pooling"?'],
    [{ ...options, pooling: ['median'] }, 'unknown pooling "median"'],
    [{ ...options, dtype: 'int4' as 'int8' }, 'dtype: "int4" is not possible'],
  ])('that are not possible are refused: %o', async (wrong, message) => {
    await expect(createBiEncoder(wrong)).rejects.toThrow(InputError);
    await expect(createBiEncoder(wrong)).rejects.toThrow(message);
  });

  it('refuse a prompt that fills the model', async () => {
    const prompt = `${'instruction '.repeat(60)}{document} {query}`;
    await expect(createCrossEncoder({ model, prompt, threads: 1 })).rejects.toThrow(
      /its own \d+ tokens leave no room for a document within the 64 tokens that gpt-neo takes/,
    );
    const between = `{document}${' then'.repeat(60)} {query}`;
    await expect(createCrossEncoder({ model, prompt: between, threads: 1 })).rejects.toThrow('leave no room');
  });

  it('say how long an input may be', async () => {
    const encoder = await createBiEncoder({ ...options, maxTokens: 299 });
    expect(encoder.settings).toEqual({ brackets: 'none', maxTokens: 64 });
    await encoder.close();
  });
});
