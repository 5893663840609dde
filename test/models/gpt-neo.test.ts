import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Encoder, PairScorer } from '../../src/core/model.js';
import { architectureOf } from '../../src/models/architectures/index.js';
import { hiddenStates } from '../../src/models/architectures/architecture.js';
import { openCheckpoint } from '../../src/models/checkpoint/checkpoint.js';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { GraphBuilder } from '../../src/models/onnx/graph.js';
import { Modules } from '../../src/models/onnx/modules.js';
import { Tokens } from '../../src/models/onnx/tokens.js';
import { Weights } from '../../src/models/onnx/weights.js';
import { openTokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { fixture, golden, relativeError, type Golden } from './goldens.js';

const model = fixture('gpt-neo');
const expected = golden('gpt-neo') as Golden;

/** Relative to a vector's largest value, or to a score: float32 sums in another order were seen to differ by 3e-6. */
const tolerance = 3e-5;

describe('tokenizer', () => {
  it.each(expected.tokens)('$text', async ({ text, ids }) => {
    const tokenizer = await openTokenizer(model);
    expect(tokenizer.encode(text)).toEqual(ids);
  });
});

describe('hidden states', () => {
  let session: InferenceSession;
  beforeAll(async () => {
    const checkpoint = await openCheckpoint(model);
    const architecture = await architectureOf(checkpoint);
    const graph = new GraphBuilder();
    const weights = new Weights(graph, checkpoint, architecture.prefixes);
    const ids = graph.input('ids', 'int32', ['tokens']);
    const positions = graph.input('positions', 'int32', ['tokens']);
    const tokens = new Tokens(graph, { ids, positions });
    hiddenStates(architecture, new Modules(graph, weights), tokens).forEach((state, layer) => {
      graph.output(`${layer}`, state, ['tokens', architecture.hiddenSize]);
    });
    session = await InferenceSession.create(graph.serialize(), {
      intraOpNumThreads: 1,
      extra: { session: { model_external_initializers_file_folder_path: weights.folder } },
    });
  });
  afterAll(() => session.release());

  it.each(expected.hiddenStates)('of every layer for $ids.length tokens', async ({ ids, states }) => {
    const results = await session.run({
      ids: new Tensor('int32', Int32Array.from(ids), [ids.length]),
      positions: new Tensor('int32', Int32Array.from(ids.keys()), [ids.length]),
    });
    expect(Object.keys(results)).toHaveLength(states.length);
    states.forEach((state, layer) => {
      expect(relativeError(results[`${layer}`]!.data as Float32Array, state.flat())).toBeLessThan(tolerance);
    });
  });
});

describe('bi-encoder', () => {
  const encoders = new Map<string, Promise<Encoder>>();
  const encoderFor = (brackets: 'none' | 'specb', maxTokens: number): Promise<Encoder> => {
    const key = `${brackets} ${maxTokens}`;
    const encoder =
      encoders.get(key) ??
      createBiEncoder({ model, pooling: ['all'], layer: [0, 3, 5], brackets, maxTokens, threads: 1 });
    encoders.set(key, encoder);
    return encoder;
  };
  afterAll(async () => {
    await Promise.all([...encoders.values()].map(async (encoder) => (await encoder).close()));
  });

  it.each(expected.embeddings)('$brackets $role "$text"', async ({ text, brackets, role, maxTokens, vectors }) => {
    const encoder = await encoderFor(brackets, maxTokens);
    const matrices = await encoder.encode([text], role);
    expect(encoder.views.map(({ pooling, layer }) => `${pooling}@${layer}`).sort()).toEqual(
      Object.keys(vectors).sort(),
    );
    encoder.views.forEach(({ pooling, layer }, i) => {
      expect(relativeError(matrices[i]!.data, vectors[`${pooling}@${layer}`]!)).toBeLessThan(tolerance);
    });
  });
});

describe('cross-encoder', () => {
  const scorers = new Map<string, Promise<PairScorer>>();
  const scorerFor = (prompt: string): Promise<PairScorer> => {
    const scorer = scorers.get(prompt) ?? createCrossEncoder({ model, prompt, threads: 1 });
    scorers.set(prompt, scorer);
    return scorer;
  };
  afterAll(async () => {
    await Promise.all([...scorers.values()].map(async (scorer) => (await scorer).close()));
  });

  it.each(expected.scores)('prompt $prompt, "$document", "$query"', async ({ prompt, document, query, score }) => {
    const scorer = await scorerFor(prompt);
    const [scores] = await scorer.score([{ document, queries: [query] }]);
    expect(Math.abs(scores![0]! - score)).toBeLessThanOrEqual(tolerance * Math.abs(score));
  });

  it('scores all pairs at once as it scores them one by one', async () => {
    const scorer = await scorerFor('G');
    const ofG = expected.scores.filter(({ prompt }) => prompt === 'G');
    const documents = [...new Set(ofG.map(({ document }) => document))];
    const groups = documents.map((document) => ofG.filter((pair) => pair.document === document));
    const scores = await scorer.score(
      groups.map((pairs, i) => ({ document: documents[i]!, queries: pairs.map(({ query }) => query) })),
    );
    groups.forEach((pairs, i) => {
      expect(scores[i]).toHaveLength(pairs.length);
      pairs.forEach(({ score }, j) => {
        expect(Math.abs(scores[i]![j]! - score)).toBeLessThanOrEqual(tolerance * Math.abs(score));
      });
    });
  });
});
