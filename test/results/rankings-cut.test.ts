import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutRankings } from '../../src/results/rankings-cut.js';
import type { PerQuery } from '../../src/results/record.js';

/** Texts made of what the cut looks for, so that it would be misled if it could be. */
const text = fc.array(fc.constantFrom('"', '\\', ',"top":[', ']},{"id":', ']}]}', '[', ']', '{', '}', 'é', 'a'), {
  maxLength: 6,
});
const tricky = text.map((parts) => parts.join(''));

const top = fc.record({
  id: tricky,
  title: tricky,
  score: fc.double({ noNaN: true, noDefaultInfinity: true }),
  grade: fc.option(fc.integer()),
});
const query = fc.record(
  {
    id: tricky,
    text: tricky,
    values: fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })), { maxLength: 2 }),
    top: fc.array(top, { maxLength: 3 }),
    judgements: fc.array(fc.tuple(tricky, fc.integer()), { maxLength: 2 }),
  },
  { requiredKeys: ['id', 'text', 'values', 'top'] },
);

function fileOf(queries: PerQuery['queries']): object {
  const inOrder = queries.map(({ id, text: words, values, top: tops, judgements }) => ({
    ...{ id, text: words, values, top: tops },
    ...(judgements === undefined ? {} : { judgements }),
  }));
  return { schema: 'sgpt-bench/per-query', version: 1, measures: ['a'], queries: inOrder };
}

const cut = (json: string): unknown => {
  const rest = withoutRankings(Buffer.from(json));
  return rest === null ? null : (JSON.parse(rest.toString()) as unknown);
};

describe('withoutRankings', () => {
  it('leaves id, text and values of every query, whatever the texts are', () => {
    fc.assert(
      fc.property(fc.array(query, { minLength: 1, maxLength: 4 }), (queries) => {
        const kept = queries.map(({ id, text: words, values }) => ({ id, text: words, values }));
        const plain = JSON.parse(JSON.stringify({ ...fileOf(queries), queries: kept })) as unknown;
        expect(cut(JSON.stringify(fileOf(queries)))).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves files alone that are laid out in another way', () => {
    const [one] = fc.sample(query, { numRuns: 1, seed: 3 });
    const { id, text: words, values, top: tops } = one!;
    const other = { text: words, id, values, top: tops };
    expect(cut(JSON.stringify(fileOf([one!]), null, 1))).toBeNull();
    expect(cut(JSON.stringify({ ...fileOf([]), queries: [other, other] }))).toBeNull();
    expect(cut(JSON.stringify({ queries: [{ id, values, top: tops, text: words }], schema: '' }))).toBeNull();
    expect(cut(JSON.stringify(fileOf([])))).toBeNull();
    expect(cut('')).toBeNull();
  });
});
