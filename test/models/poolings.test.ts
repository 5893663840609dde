import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/models/checkpoint/checkpoint.js';
import { GraphBuilder, type Value } from '../../src/models/onnx/graph.js';
import { countUp } from '../../src/models/onnx/tokens.js';
import { PoolingNodes } from '../../src/models/pooling/pooling-nodes.js';
import type { PoolingEntry } from '../../src/models/pooling/pooling-table.js';
import { embeddingViews, poolingEntry, poolings } from '../../src/models/pooling/poolings.js';
import { readSentenceTransformer } from '../../src/models/pooling/sentence-transformers.js';
import { TextRows } from '../../src/models/pooling/text-rows.js';
import { temporaryFolder } from '../helpers/folder.js';
import { fixture, relativeError } from './goldens.js';
import { poolingFormulas, type States } from './pooling-formulas.js';
import { hash } from './random-gpt-neo.js';
import { int32 } from './run-graph.js';

const size = 5;
const layers = 2;
const entries = poolings.map((name) => [name, poolingEntry(name)] as const);

/** Texts of these lengths, as hidden states of every layer: random numbers between -1 and 1. */
function randomTexts(lengths: readonly number[]): States[][] {
  let element = 0;
  const state = (length: number): States =>
    Array.from({ length }, () => Array.from({ length: size }, () => Math.fround(hash(element++) / 2 ** 31 - 1)));
  return lengths.map((length) => Array.from({ length: layers + 1 }, () => state(length)));
}

/** Runs a pooling of layer 1 over texts in one run; a graph for one text where there is one and it is not to be batched. */
async function pool(entry: PoolingEntry, texts: readonly States[][], kind: 'one' | 'several'): Promise<Float32Array[]> {
  const graph = new GraphBuilder();
  const states = Array.from({ length: layers + 1 }, (_, layer) =>
    graph.input(`state ${layer}`, 'float32', ['tokens', size]),
  );
  const firstColumn = graph.op('Gather', [states[0]!, graph.integer(0)], { axis: 1 });
  const layout =
    kind === 'one'
      ? { positions: countUp(graph, firstColumn), several: null }
      : {
          positions: graph.input('positions', 'int32', ['tokens']),
          several: {
            texts: graph.input('texts', 'int32', ['tokens']),
            lasts: graph.input('lasts', 'int32', ['texts']),
          },
        };
  const pooler = (pooled: Value): Value => graph.op('Tanh', [pooled]);
  const nodes = new PoolingNodes(new TextRows(graph, layout), { states, pooler });
  graph.output('vectors', nodes.pooled(entry, 1), ['texts', size]);
  const lengths = texts.map((text) => text[0]!.length);
  const feeds = Object.fromEntries(
    states.map((name, layer) => {
      const rows = texts.flatMap((text) => text[layer]!);
      return [name, new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, size])];
    }),
  );
  const batched = {
    positions: int32(lengths.flatMap((length) => Array.from({ length }, (_, i) => i))),
    texts: int32(lengths.flatMap((length, text) => Array<number>(length).fill(text))),
    lasts: int32(lengths.map((_, text) => lengths.slice(0, text + 1).reduce((sum, length) => sum + length) - 1)),
  };
  const session = await InferenceSession.create(graph.serialize(), { intraOpNumThreads: 1 });
  const { vectors } = await session.run(kind === 'one' ? feeds : { ...feeds, ...batched });
  await session.release();
  const data = vectors!.data as Float32Array;
  return texts.map((_, text) => data.subarray(text * size, (text + 1) * size));
}

/** What a pooling with this formula makes of a text. */
function expected(
  { takes }: PoolingEntry,
  formula: (states: States) => readonly number[],
  states: readonly States[],
): number[] {
  if (takes === 'one') return [...formula(states[1]!)];
  if (takes === 'pooler') return formula(states.at(-1)!).map(Math.tanh);
  const vectors = states.map(formula);
  return vectors[0]!.map((_, d) => vectors.reduce((sum, vector) => sum + vector[d]! / states.length, 0));
}

const batches = [[1], [2], [7], [3, 1, 8, 2], [1, 1, 1]];

describe.each(entries)('%s', (name, entry) => {
  it('is what its formula says, for one text and for several in one run', async () => {
    for (const lengths of batches) {
      const texts = randomTexts(lengths);
      const vectors = await pool(entry, texts, 'several');
      for (const [i, text] of texts.entries()) {
        const vector = expected(entry, poolingFormulas[name], text);
        const [alone] = await pool(entry, [text], 'one');
        expect(relativeError(alone!, vector)).toBeLessThan(1e-6);
        expect(relativeError(vectors[i]!, vector)).toBeLessThan(1e-6);
      }
    }
  });

  it('says what it is and where it comes from, in a line each', () => {
    expect(entry.description).toMatch(/^\S.{5,100}\S$/);
    expect(entry.source).toMatch(/^\S.{5,100}\S$/);
  });

  it('has a view by its name, and one per layer where it is made from one hidden state', () => {
    const model = { layers, hiddenSize: size, outputSize: size, pooler: {} };
    const views = embeddingViews([name], ['all'], model).map((view) => view.name);
    expect(views).toEqual(entry.takes === 'one' ? [`${name}@0`, `${name}@1`, name] : [name]);
    expect(embeddingViews(['all'], [], model).some((view) => view.name === name)).toBe(entry.inAll);
  });
});

/** The smallest value of each dimension: a pooling that nothing but this test knows. */
const min: PoolingEntry = {
  description: 'min hᵢ: the smallest value of each dimension',
  source: 'a test',
  takes: 'one',
  inAll: false,
  sentenceTransformers: null,
  nodes: (texts, hidden) => texts.graph.op('Neg', [texts.max(texts.graph.op('Neg', [hidden]))]),
};

describe('an entry that is new', () => {
  it.each(['one', 'all', 'pooler'] as const)('and takes %s needs nothing else to be computed', async (takes) => {
    const formula = (states: States): number[] => states[0]!.map((_, d) => Math.min(...states.map((row) => row[d]!)));
    for (const lengths of batches) {
      const texts = randomTexts(lengths);
      const vectors = await pool({ ...min, takes }, texts, 'several');
      for (const [i, text] of texts.entries()) {
        const vector = expected({ ...min, takes }, formula, text);
        expect(relativeError((await pool({ ...min, takes }, [text], 'one'))[0]!, vector)).toBeLessThan(1e-6);
        expect(relativeError(vectors[i]!, vector)).toBeLessThan(1e-6);
      }
    }
  });
});

describe("sentence-transformers' Pooling", () => {
  const modes = entries.flatMap(([name, { sentenceTransformers }]) =>
    sentenceTransformers === null ? [] : [{ name, ...sentenceTransformers }],
  );

  /** The poolings that are read from a Pooling's configuration. */
  async function read(config: object): Promise<unknown> {
    const folder = join(temporaryFolder(), 'model');
    cpSync(fixture('gpt-neo'), folder, { recursive: true });
    mkdirSync(join(folder, '1_Pooling'));
    const modules = [
      { type: 'sentence_transformers.models.Transformer', path: '' },
      { type: 'sentence_transformers.models.Pooling', path: '1_Pooling' },
    ];
    writeFileSync(join(folder, 'modules.json'), JSON.stringify(modules));
    writeFileSync(join(folder, '1_Pooling', 'config.json'), JSON.stringify(config));
    const sentence = await readSentenceTransformer(await openCheckpoint(folder));
    return sentence!.modules;
  }

  it.each(modes)('finds $name by its mode and by its flag', async ({ name, mode, flag }) => {
    expect(await read({ pooling_mode: mode })).toEqual([{ kind: 'pooling', poolings: [name] }]);
    expect(await read({ [flag]: true })).toEqual([{ kind: 'pooling', poolings: [name] }]);
  });

  it('concatenates by the order of the modes given, or of the places where flags are set', async () => {
    const reversed = [...modes].reverse();
    expect(await read({ pooling_mode: reversed.map(({ mode }) => mode) })).toEqual([
      { kind: 'pooling', poolings: reversed.map(({ name }) => name) },
    ]);
    expect(await read(Object.fromEntries(modes.map(({ flag }) => [flag, true])))).toEqual([
      { kind: 'pooling', poolings: ['cls', 'max', 'mean', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken'] },
    ]);
    expect(modes.map(({ place }) => place).sort()).toEqual([...modes.keys()]);
    expect(await read({})).toEqual([{ kind: 'pooling', poolings: ['mean'] }]);
  });
});
