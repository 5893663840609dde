import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { profileByName } from '../../src/core/profile.js';
import type { ShardPart } from '../../src/core/shards.js';
import type { StoreDtype } from '../../src/core/system-fields.js';
import { fields, ruleOf, type Field, type PartialSpec } from '../../src/core/system-spec.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import { checkSpec } from '../../src/runners/check-spec.js';
import { runnerKindOf } from '../../src/runners/index.js';
import { VectorStore } from '../../src/stores/index.js';
import { silentProgress } from '../../src/core/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

/** Another value for each field, or why there is none to try here. A new field needs a line. */
const others: Readonly<Record<Field, { readonly value: unknown } | { readonly untried: string }>> = {
  runner: { untried: 'it decides what is stored at all' },
  model: { value: smallModels.causal },
  pooling: { value: ['lasttoken'] },
  layer: { value: [1] },
  brackets: { value: 'specb' },
  embedPrompt: { value: 'eol' },
  queryPrompt: { value: 'query: {text}' },
  documentPrompt: { value: 'passage: {text}' },
  instruction: { untried: 'it is a part of a prompt' },
  onnxFile: { untried: 'the models here have no export' },
  attention: { value: 'bidirectional' },
  maxTokens: { value: 77 },
  prompt: { value: 'A' },
  similarity: { value: 'dot' },
  dimensions: { value: [8] },
  precision: { value: ['int8', 'binary'] },
  rescore: { untried: 'it needs another precision' },
  normalize: { value: 'all' },
  bm25: { value: 'anserini-flat' },
  firstStage: { value: 'a-run-file' },
  depth: { value: 3 },
  dtype: { value: 'int8' },
  storeDtype: { value: 'float16' },
  device: { untried: 'there is no other device' },
  workers: { value: 1 },
  endpoint: { untried: 'hosted' },
  apiKeyEnv: { untried: 'hosted' },
  tokenizer: { untried: 'hosted' },
  batchSize: { untried: 'hosted' },
  concurrency: { untried: 'hosted' },
  parameters: { untried: 'hosted' },
  pricePerMillion: { untried: 'hosted' },
};

const bases: Readonly<Record<'vectors' | 'scores', PartialSpec>> = {
  vectors: { runner: 'bi-encoder', model: smallModels.biEncoder, pooling: ['mean'], brackets: 'none' },
  scores: { runner: 'cross-encoder', model: smallModels.causal, prompt: 'G' },
};

let folder: string;
let task: RetrievalTask;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-keys-'));
  await writeSmallTask(folder);
  task = await openBeirFolder(folder, 'small');
});

afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

/** Where the store would have the first shards of a system (of documents, then of queries): the key, and how the file is kept. */
async function whereStored(spec: PartialSpec): Promise<string[]> {
  const checked = await checkSpec(spec);
  let dtype: StoreDtype = 'float32';
  const runner = await runnerKindOf(checked.runner).open(checked, {
    ...{ profile: profileByName('beir'), threads: 1, progress: silentProgress, cacheFolder: folder, task },
    store: (wanted) => {
      dtype = wanted;
      return new VectorStore(folder, { dtype });
    },
  });
  const [query] = task.queries;
  const candidates = [{ documentId: [...task.qrels.values()][0]!.keys().next().value!, queryIds: [query!.id] }];
  const texts = (sequence: 'queries' | 'documents', role: 'query' | 'document'): ShardPart => ({
    ...{ kind: 'texts', sequence, role, first: 0, count: 2 },
  });
  const parts: ShardPart[] =
    checked.runner === 'cross-encoder'
      ? [{ kind: 'pairs', pairs: 'documents', candidates }]
      : [texts('documents', 'document'), texts('queries', 'query')];
  const places: string[] = [];
  for (const part of parts) {
    const { keys } = await runner.openShard!(task, part, profileByName('beir'));
    places.push(JSON.stringify([keys, dtype]));
  }
  await runner.close();
  return places;
}

describe.each(Object.entries(bases))('the key of stored %s', (stored, base) => {
  const { uses } = runnerKindOf(base.runner);
  const tried = fields.filter((field) => uses.includes(field) && 'value' in others[field] && field !== 'model');

  it.each(tried)('changes with %s exactly where its rule says so', async (field) => {
    const other = { ...base, [field]: (others[field] as { value: unknown }).value };
    if (field === 'embedPrompt') other.brackets = 'auto';
    const { key } = ruleOf(field);
    const depends = [stored, 'both', 'model', 'view', 'format'].includes(key);
    const [before, after] = [await whereStored(base), await whereStored(other)];
    expect(after[0] !== before[0]).toBe(depends || key === 'documents');
    if (stored === 'vectors') expect(after[1] !== before[1]).toBe(depends || key === 'queries');
  });
});
