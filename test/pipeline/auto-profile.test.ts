import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completeSpec, type PartialSpec } from '../../src/core/system-spec.js';
import { bench } from '../../src/pipeline/bench.js';
import { runnerKindOf } from '../../src/runners/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { fixture } from '../models/goldens.js';

/** A sentence-transformers folder of the name. */
function sentenceFolder(name: string): string {
  const folder = join(temporaryFolder(), name);
  cpSync(fixture('gpt-neo'), folder, { recursive: true });
  cpSync(join(fixture('sentence-transformers'), 'mean'), folder, { recursive: true });
  return folder;
}

describe('--profile auto', () => {
  const encoder = (model: string, more: Partial<PartialSpec> = {}): PartialSpec => ({
    ...{ runner: 'bi-encoder', model },
    ...more,
  });
  it.each<[string, () => PartialSpec, string]>([
    ['BM25', () => ({ runner: 'bm25' }), 'sgpt-paper'],
    ['BM25 of Elasticsearch', () => ({ runner: 'bm25', bm25: 'elasticsearch' }), 'sgpt-paper'],
    ["Anserini's BM25", () => ({ runner: 'bm25', bm25: 'anserini-flat' }), 'trec_eval'],
    ['SGPT', () => encoder(smallModels.biEncoder), 'sgpt-paper'],
    ['a folder named as SGPT, of sentence-transformers', () => encoder(sentenceFolder('SGPT-1M-nli')), 'sgpt-paper'],
    ['a sentence-transformers folder', () => encoder(sentenceFolder('mine')), 'mteb'],
    ['one with brackets', () => encoder(sentenceFolder('mine'), { brackets: '[,],{,}' }), 'sgpt-paper'],
    ['a causal language model', () => encoder(fixture('gpt-neo')), 'sgpt-paper'],
    ['a hosted model', () => encoder('openai:text-embedding-3-small'), 'mteb'],
    ['log-probabilities', () => ({ runner: 'cross-encoder', model: smallModels.causal }), 'sgpt-paper'],
    ['log-probabilities of a server', () => ({ runner: 'cross-encoder', model: 'openai:x' }), 'sgpt-paper'],
  ])('of %s', async (_, spec, expected) => {
    const { runner, ...rest } = spec();
    const found = await runnerKindOf(runner).profile(completeSpec({ runner, ...rest }), recordingProgress());
    expect(found.name).toBe(expected);
  });

  it('is the default, and said in a note and in the record', async () => {
    const folder = temporaryFolder();
    await writeSmallTask(folder);
    const options = { tasks: [folder], output: temporaryFolder(), runners: ['bm25'], threads: 1 };
    const progress = recordingProgress();
    const [result] = await bench({ ...options, bm25: 'anserini-flat', progress });
    expect(result!.record.profile).toBe('trec_eval');
    expect(progress.notes).toContain('profile trec_eval for BM25 anserini-flat; --profile chooses another');
    const chosen = recordingProgress();
    const [other] = await bench({ ...options, bm25: 'anserini-flat', progress: chosen, profile: 'mteb' });
    expect(other!.record.profile).toBe('mteb');
    expect(chosen.notes.join()).not.toContain('--profile');
  });
});
