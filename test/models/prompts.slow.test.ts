import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { parseEmbedPrompt } from '../../src/models/encoding/embed-prompts.js';
import { shortestJudgedPair } from '../../src/runners/one-shot-example.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { runCli } from '../helpers/cli.js';
import { formulaTensors, withCheckpoint, type Shapes } from './formula-checkpoint.js';
import { fixture, golden, relativeError } from './goldens.js';

/** What tools/goldens/models/prompts.py computed. */
interface PromptGolden {
  readonly sha256: string;
  readonly example: { document: string; query: string };
  readonly scores: readonly { prompt: string; document: string; query: string; score: number }[];
  readonly vectors: readonly PromptedVector[];
  readonly withBeginning: readonly { name: string; positions: number; tensors: Shapes; vectors: PromptedVector[] }[];
}
interface PromptedVector {
  readonly text: string;
  readonly prompt: string;
  readonly vector: readonly number[];
}
const expected = golden('prompts') as PromptGolden;
const model = fileURLToPath(new URL('../../models/demo/gpt-neo-170k', import.meta.url));

describe('prompts with an example or an answer', () => {
  it.each(['J', 'K', 'quora-E', 'L', 'L1'])('%s scores as the formula on transformers', async (prompt) => {
    const findExample = (): Promise<typeof expected.example> => Promise.resolve(expected.example);
    const scorer = await createCrossEncoder({ model, prompt, findExample, threads: 1 });
    try {
      expect(scorer.model.files['model.safetensors']).toBe(expected.sha256);
      const cases = expected.scores.filter((known) => known.prompt === prompt);
      const scores = await scorer.score(cases.map(({ document, query }) => ({ document, queries: [query] })));
      expect(cases.length).toBeGreaterThan(1);
      cases.forEach(({ score }, i) => {
        expect(Math.abs(scores[i]![0]! / score - 1)).toBeLessThan(1e-4);
      });
    } finally {
      await scorer.close();
    }
  });

  it('need the example before the model is opened', async () => {
    await expect(createCrossEncoder({ model: 'nobody/nothing', prompt: 'J', threads: 1 })).rejects.toThrow(
      'prompt "J": needs a judged pair of the task as an example, and none is available here',
    );
  });
});

describe('the example of a task', () => {
  it('is the shortest judged pair by tokens and grade', async () => {
    const folder = temporaryFolder();
    const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const document = (id: string, words: number): object => ({
      _id: id,
      title: 'long title here',
      text: 'w '.repeat(words).trim(),
    });
    await writeFiles(folder, {
      'corpus.jsonl': lines([document('a', 6), document('b', 2), document('c', 7), document('zero', 1)]),
      'queries.jsonl': lines([
        { _id: 'q1', text: 'one two' },
        { _id: 'q2', text: 'three' },
      ]),
      'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq1\ta\t1\nq1\tgone\t1\nq1\tzero\t0\nq2\tc\t3\nq2\tb\t1\n',
    });
    const task = await openBeirFolder(folder, 'small', 'test');
    const tokens = (text: string): number => text.split(' ').length;
    try {
      // Of b: 3 tokens of grade 1; of c: 8 tokens of grade 3.
      expect(await shortestJudgedPair(task, tokens, 0)).toEqual({ document: 'w w w w w w w', query: 'three' });
      await expect(shortestJudgedPair(task, tokens, 8)).rejects.toThrow('no judged pair of more than 8 tokens');
    } finally {
      await task.corpus.close();
    }
  });
});

describe('embedding prompts', () => {
  it.each(expected.vectors)("of '$prompt' around '$text' give the last token's hidden state", async (known) => {
    const encoder = await createBiEncoder({ model, embedPrompt: known.prompt, maxTokens: null, threads: 1 });
    try {
      const [matrix] = await encoder.encode([known.text], 'query');
      expect(encoder.views.map(({ name }) => name)).toEqual(['lasttoken']);
      expect(relativeError(matrix!.data, known.vector)).toBeLessThan(1e-4);
    } finally {
      await encoder.close();
    }
  });

  it.each(expected.withBeginning)('follow the token that $name begins with', async (known) => {
    const { name, positions, tensors, vectors } = known;
    const config = JSON.parse(readFileSync(join(fixture(`encoders/${name}`), 'config.json'), 'utf8')) as object;
    const changed = { ...config, max_position_embeddings: positions };
    await withCheckpoint(changed, formulaTensors(tensors), async (folder) => {
      for (const file of ['tokenizer.json', 'tokenizer_config.json'])
        copyFileSync(join(fixture(`encoders/${name}`), file), join(folder, file));
      for (const { text, prompt, vector } of vectors) {
        const encoder = await createBiEncoder({ model: folder, embedPrompt: prompt, maxTokens: null, threads: 1 });
        const [matrix] = await encoder.encode([text], 'query').finally(() => encoder.close());
        expect(relativeError(matrix!.data, vector)).toBeLessThan(1e-5);
      }
    });
  });

  it('are checked', async () => {
    expect(parseEmbedPrompt('eol:a=b=C')).toEqual({
      before: 'This sentence : "a=b" means in one word:"C".This sentence : "',
      after: '" means in one word:"',
    });
    expect(() => parseEmbedPrompt('no place')).toThrow('has {} 0 times');
    expect(() => parseEmbedPrompt('eol:alone')).toThrow('expected SENTENCE=WORD after eol:');
    const options = { model: fixture('gpt-neo'), maxTokens: null, threads: 1 };
    await expect(createBiEncoder({ ...options, embedPrompt: 'eol', brackets: 'specb' })).rejects.toThrow(
      'exclude each',
    );
    const encoder = await createBiEncoder({ ...options, embedPrompt: `${'long '.repeat(80)}{}` });
    await expect(encoder.encode(['a'], 'query')).rejects.toThrow('leaves no room for a text within 64 tokens');
    await encoder.close();
  });
});

describe('models', () => {
  it('are listed', async () => {
    const { status, stdout } = await runCli(['models', 'list', '--json']);
    expect(status).toBe(0);
    const models = JSON.parse(stdout) as { id: string; revision: string | null }[];
    expect(models).toHaveLength(18);
    expect(models.every(({ revision }) => revision === null || /^[0-9a-f]{40}$/.test(revision))).toBe(true);
  });

  it('are inspected, and refused with status 2 where they are none', async () => {
    const { status, stdout } = await runCli(['models', 'inspect', fixture('gpt-neo')]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/would run +causal language model: 5 layers of 36, 411 tokens/);
    expect(stdout).toMatch(
      /transformer\.h\.0\.attn\.attention\.k_proj\.weight +F32 +\[36, 36\] +5\.2 kB +model\.safetensors/,
    );
    const missing = await runCli(['models', 'inspect', './nowhere/at/all']);
    expect(missing.status).toBe(2);
    expect(missing.stderr.trim()).toMatch(
      /^sgpt-bench: \.\/nowhere\/at\/all: there is no such folder; expected a model folder/,
    );
  });
});
