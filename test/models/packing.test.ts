import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packFeeds, packQueries, sumByQuery } from '../../src/models/scoring/packing.js';

const token = fc.integer({ min: 0, max: 999 });
const pairs = fc.record({
  context: fc.array(token, { minLength: 1, maxLength: 40 }),
  queries: fc.array(fc.array(token, { maxLength: 12 }), { maxLength: 10 }),
  maxTokens: fc.integer({ min: 12, max: 60 }),
  instructionTokens: fc.integer({ min: 0, max: 10 }),
  maxQueryTokens: fc.integer({ min: 1, max: 40 }),
});

/** A row of a packed sequence, seen as the plain sequence that it stands for: its tokens and their positions. */
function visible(feeds: ReturnType<typeof packFeeds>, row: number): { ids: number[]; positions: number[] } {
  const [ids, positions, parts] = [feeds['ids']!, feeds['positions']!, feeds['parts']!].map(({ data }) =>
    Array.from(data, Number),
  ) as [number[], number[], number[]];
  const columns = [...ids.keys()].filter(
    (i) => positions[i]! <= positions[row]! && (parts[i] === 0 || parts[i] === parts[row]),
  );
  return { ids: columns.map((i) => ids[i]!), positions: columns.map((i) => positions[i]!) };
}

describe('packs', () => {
  it('predict every token of every query from what SGPT would feed', () => {
    fc.assert(
      fc.property(pairs, ({ context, queries, ...limits }) => {
        const n = Math.min(limits.instructionTokens, context.length);
        const seen = new Set<number>();
        for (const pack of packQueries(context, queries, limits)) {
          const feeds = packFeeds(pack);
          const targets = Array.from(feeds['targets']!.data, Number);
          let at = 0;
          for (const { index, ids } of pack.queries) {
            expect(seen.has(index)).toBe(false);
            seen.add(index);
            const query = queries[index]!;
            // sgptce.py: (ctx[:n] + (ctx[n:] + query)[-(maxTokens + 1 - n):])[:-1]
            const kept = [...context.slice(n), ...query].slice(-(limits.maxTokens + 1 - n));
            const input = [...context.slice(0, n), ...kept].slice(0, -1);
            expect(ids).toEqual(query.slice(-ids.length));
            expect(input.length).toBeLessThanOrEqual(limits.maxTokens);
            ids.forEach((id, i) => {
              const row = Number(feeds['rows']!.data[targets[at]!]);
              expect(targets[at + 1]).toBe(id);
              const fed = visible(feeds, row);
              expect(fed.ids).toEqual(input.slice(0, input.length - (ids.length - 1 - i)));
              expect(fed.positions).toEqual([...fed.ids.keys()]);
              at += 2;
            });
          }
          expect(at).toBe(targets.length);
        }
        queries.forEach((query, index) => {
          expect(seen.has(index)).toBe(query.length > 0);
        });
      }),
    );
  });

  it('hold no more query tokens than allowed, unless a single query does', () => {
    fc.assert(
      fc.property(pairs, ({ context, queries, ...limits }) => {
        for (const { queries: packed } of packQueries(context, queries, limits)) {
          const tokens = packed.reduce((sum, { ids }) => sum + ids.length, 0);
          expect(packed.length === 1 || tokens <= limits.maxQueryTokens).toBe(true);
        }
      }),
    );
  });

  it('score the end of a query that is longer than what the instruction leaves free', () => {
    const query = Array.from({ length: 20 }, (_, i) => 100 + i);
    const [pack] = packQueries([1, 2, 3, 4, 5], [query], { maxTokens: 10, instructionTokens: 3, maxQueryTokens: 256 });
    expect(pack!.context).toEqual([1, 2, 3]);
    expect(pack!.queries).toEqual([{ index: 0, ids: query.slice(-8) }]);
    expect(packFeeds(pack!)['ids']!.data).toHaveLength(10);
  });

  it('sum the log-probabilities of each query', () => {
    const limits = { maxTokens: null, instructionTokens: 0, maxQueryTokens: 256 };
    const [pack] = packQueries([1], [[5, 6], [], [7], [8, 9, 10]], limits);
    expect(sumByQuery(pack!, Float32Array.of(-1, -2, -4, -8, -16, -32))).toEqual([-3, -4, -56]);
  });
});
