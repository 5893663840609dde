import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { alibi } from '../../src/models/onnx/alibi.js';
import { causalAttention } from '../../src/models/onnx/causal-attention.js';
import { GraphBuilder } from '../../src/models/onnx/graph.js';
import { Tokens } from '../../src/models/onnx/tokens.js';
import { packFeeds } from '../../src/models/scoring/packing.js';
import { relativeError } from './goldens.js';
import { hash } from './random-gpt-neo.js';
import { int32 } from './run-graph.js';

const heads = 6;
const headSize = 5;

interface Variant {
  readonly window: number | null;
  readonly keyValueHeads: number;
  readonly slopes: boolean;
}

/** Attention of all tokens at once, and of the rows 0, 1, 2 …, which is worked out in one piece against all columns. */
async function sessionOf({ window, keyValueHeads, slopes }: Variant): Promise<InferenceSession> {
  const graph = new GraphBuilder();
  const [positions, parts, rows] = ['positions', 'parts', 'rows'].map((name) =>
    graph.input(name, 'int32', ['tokens']),
  ) as [string, string, string];
  const tokens = new Tokens(graph, { ids: positions, positions, parts });
  const [query, key, value] = [heads, keyValueHeads, keyValueHeads].map((count, i) =>
    graph.input(['query', 'key', 'value'][i]!, 'float32', ['tokens', count * headSize]),
  ) as [string, string, string];
  const bias = slopes ? { bias: alibi(tokens, heads) } : {};
  for (const [name, only] of [
    ['bands', null],
    ['whole', rows],
  ] as const) {
    const options = { heads, keyValueHeads, headSize, scale: 0.4, window, ...bias, rows: only };
    graph.output(name, causalAttention(tokens, { query, key, value }, options), ['tokens', heads * headSize]);
  }
  return InferenceSession.create(graph.serialize(), { intraOpNumThreads: 1 });
}

/** A context and queries after it, as lengths. */
interface Layout {
  readonly context: number;
  readonly queries: number[];
}
const layouts: fc.Arbitrary<Layout> = fc.record({
  context: fc.integer({ min: 1, max: 40 }),
  queries: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 }),
});

describe.each([
  { window: null, keyValueHeads: 6, slopes: false },
  { window: 1, keyValueHeads: 6, slopes: false },
  { window: 3, keyValueHeads: 6, slopes: false },
  { window: 9, keyValueHeads: 6, slopes: false },
  { window: null, keyValueHeads: 2, slopes: false },
  { window: null, keyValueHeads: 6, slopes: true },
])('attention in bands, window $window, $keyValueHeads heads of keys, slopes $slopes', (variant) => {
  it('is the attention of one piece', async () => {
    const session = await sessionOf(variant);
    const floats = (tokens: number, columns: number, seed: number): Tensor => {
      const values = Float32Array.from({ length: tokens * columns }, (_, i) => hash(i + 7919 * seed) / 2 ** 31 - 1);
      return new Tensor('float32', values, [tokens, columns]);
    };
    await fc.assert(
      fc.asyncProperty(layouts, async ({ context, queries }) => {
        const ids = (length: number): number[] => Array<number>(length).fill(0);
        const pack = { context: ids(context), queries: queries.map((length, index) => ({ index, ids: ids(length) })) };
        const [positions, parts] = ['positions', 'parts'].map((name) =>
          Array.from(packFeeds(pack)[name]!.data, Number),
        );
        const tokens = positions!.length;
        const { bands, whole } = await session.run({
          positions: int32(positions!),
          parts: int32(parts!),
          rows: int32([...positions!.keys()]),
          query: floats(tokens, heads * headSize, 1),
          key: floats(tokens, variant.keyValueHeads * headSize, 2),
          value: floats(tokens, variant.keyValueHeads * headSize, 3),
        });
        expect(bands!.dims).toEqual([tokens, heads * headSize]);
        expect(relativeError(bands!.data as Float32Array, whole!.data as Float32Array)).toBeLessThan(1e-6);
      }),
      { examples: [1, 2, 3, 4, 5].map((context): [Layout] => [{ context, queries: [] }]) },
    );
    await session.release();
  });
});
