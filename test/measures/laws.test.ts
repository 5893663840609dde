import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ranking } from '../../src/core/run.js';
import { rank } from '../../src/core/run.js';
import { families } from '../../src/measures/families.js';
import type { MeasureFamily } from '../../src/measures/family.js';
import { evaluateRun, type Measure, parseMeasure, parseMeasures } from '../../src/measures/index.js';

/** Names of a family's measures: with each of these cut-offs where it takes one, and with each option alone. */
function namesOf(
  { name, cutoff, options }: MeasureFamily,
  cutoffs: readonly number[],
  recalls: readonly number[],
): string[] {
  const ends = {
    none: [''],
    optional: ['', ...cutoffs.map((k) => `@${k}`)],
    required: cutoffs.map((k) => `@${k}`),
    recall: recalls.map((recall) => `@${recall}`),
  }[cutoff];
  const given = ['', ...Object.entries(options).map(([option, { example }]) => `(${option}=${example})`)];
  return given.flatMap((option) => ends.map((end) => `${name}${option}${end}`));
}

/** Measures of every family but those named. */
function measuresOf(
  cutoffs: readonly number[],
  recalls: readonly number[],
  without: readonly string[] = [],
): Measure[] {
  for (const name of without) expect(families.has(name), `${name}, for which an exception is made`).toBe(true);
  const chosen = [...families.values()].filter(({ name }) => !without.includes(name));
  return [...parseMeasures(chosen.flatMap((family) => namesOf(family, cutoffs, recalls)))];
}

const everyMeasure = measuresOf([3, 10], [0.2]);

/** Families that look at what is judged rather than at what is relevant. */
const ofJudgements = ['Judged', 'Hole'];

const id = fc.integer({ min: 0, max: 30 }).map((n) => `d${n}`);
const ids = fc.uniqueArray(id, { maxLength: 25 });
const grades = (min: number): fc.Arbitrary<Map<string, number>> =>
  fc
    .uniqueArray(fc.tuple(id, fc.integer({ min, max: 4 })), { minLength: 1, maxLength: 25, selector: ([name]) => name })
    .map((entries) => new Map(entries));

/** A ranking of these documents in this order, without ties. */
function inOrder(documents: readonly string[]): Ranking {
  return { ids: documents, scores: Float32Array.from(documents, (_, i) => documents.length - i) };
}

function valueOf(measure: Measure, ranking: Ranking, judgements: ReadonlyMap<string, number>): number {
  return evaluateRun(new Map([['q', judgements]]), new Map([['q', ranking]]), [measure]).means.get(measure.name)!;
}

describe('every measure', () => {
  it.each(everyMeasure.map((measure) => ({ measure, name: measure.name })))('$name lies in [0, 1]', ({ measure }) => {
    fc.assert(
      fc.property(ids, grades(-2), (documents, judgements) => {
        const value = valueOf(measure, inOrder(documents), judgements);
        expect(value).toBeGreaterThanOrEqual(0);
        // Quotients of sums that are mathematically 1 may be off by their rounding.
        expect(value).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });

  // A perfect ranking has all relevant documents first, and nothing else.
  const perfect = [
    ...measuresOf([1, 3], [0.5, 1], ['P', 'R', 'AP', 'Hole']), // not of ranks that cannot hold all, or are too many
    ...measuresOf([40], [0.2], ['P', 'Hole']), // more ranks than documents
  ];
  it.each(perfect.map((measure) => ({ measure, name: measure.name })))(
    '$name of a perfect ranking is 1',
    ({ measure }) => {
      const lowest = measure.name.includes('rel=2') ? 2 : 1;
      fc.assert(
        fc.property(grades(lowest), (judgements) => {
          const best = [...judgements].sort(([, a], [, b]) => b - a).map(([name]) => name);
          // infAP's smoothing takes a little.
          const digits = measure.family === 'infAP' ? 4 : 12;
          expect(valueOf(measure, inOrder(best), judgements)).toBeCloseTo(1, digits);
        }),
      );
    },
  );

  it('is 0 where nothing is relevant', () => {
    const judgements = new Map([
      ['d1', 0],
      ['d2', -1],
    ]);
    for (const measure of everyMeasure.filter(({ family }) => !ofJudgements.includes(family)))
      expect(valueOf(measure, inOrder(['d1', 'd2', 'd3']), judgements), measure.name).toBe(0);
  });

  it('is 0 for an empty ranking', () => {
    for (const measure of everyMeasure)
      expect(valueOf(measure, inOrder([]), new Map([['d1', 1]])), measure.name).toBe(0);
  });
});

describe('moving a document up', () => {
  const rising = measuresOf([5], [0.2, 0.7], ['Hole']);

  it.each(rising.map((measure) => ({ measure, name: measure.name })))(
    'over one of a lower grade never lowers $name',
    ({ measure }) => {
      fc.assert(
        fc.property(ids, grades(0), fc.nat(24), (documents, judgements, at) => {
          fc.pre(at > 0 && at < documents.length);
          const gradeAt = (i: number): number => judgements.get(documents[i]!) ?? 0;
          fc.pre(gradeAt(at) >= 1 && gradeAt(at) >= gradeAt(at - 1));
          const moved = documents.with(at - 1, documents[at]!).with(at, documents[at - 1]!);
          const [before, after] = [documents, moved].map((order) => valueOf(measure, inOrder(order), judgements));
          expect(after! - before!).toBeGreaterThanOrEqual(-1e-12);
        }),
      );
    },
  );
});

describe('evaluateRun', () => {
  it('does not depend on the order in which documents are given, ties included', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(id, fc.integer({ min: 0, max: 3 })), { maxLength: 20, selector: ([name]) => name }),
        grades(0),
        fc.infiniteStream(fc.nat(19)),
        (documents, judgements, swaps) => {
          const shuffled = [...documents];
          for (let i = shuffled.length - 1; i > 0; i--) {
            const j = swaps.next().value! % (i + 1);
            [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
          }
          const byScore = shuffled.sort(([, a], [, b]) => b - a);
          const given = { ids: byScore.map(([name]) => name), scores: Float32Array.from(byScore, ([, s]) => s) };
          const ranked = rank(
            documents.map(([name]) => name),
            documents.map(([, score]) => score),
          );
          const [one, other] = [given, ranked].map((ranking) => {
            return evaluateRun(new Map([['q', judgements]]), new Map([['q', ranking]]), everyMeasure).means;
          });
          expect(one).toEqual(other);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('changes neither run nor judgements', () => {
    fc.assert(
      fc.property(ids, grades(-2), (documents, judgements) => {
        const scores = Float32Array.from(documents, (_, i) => Math.floor(i / 3));
        const ranking = { ids: Object.freeze([...documents]), scores };
        const run = new Map([['d1', ranking]]);
        const qrels = new Map([['d1', judgements]]);
        const before = JSON.stringify([[...judgements], documents, [...scores]]);
        evaluateRun(qrels, run, everyMeasure, {
          average: 'complete',
          identicalIds: 'remove',
          decimals: 5,
          beirCustom: true,
        });
        expect(JSON.stringify([[...qrels.get('d1')!], run.get('d1')!.ids, [...run.get('d1')!.scores]])).toBe(before);
        expect([...run.keys(), ...qrels.keys()]).toEqual(['d1', 'd1']);
      }),
    );
  });

  it('gives a known value', () => {
    const judgements = new Map([
      ['a', 2],
      ['b', 1],
      ['c', 1],
    ]);
    const ranking = inOrder(['x', 'a', 'b']);
    const dcg = 2 / Math.log2(3) + 1 / Math.log2(4);
    const ideal = 2 + 1 / Math.log2(3) + 1 / Math.log2(4);
    expect(valueOf(parseMeasure('nDCG@10'), ranking, judgements)).toBeCloseTo(dcg / ideal, 14);
    expect(valueOf(parseMeasure('AP'), ranking, judgements)).toBeCloseTo((1 / 2 + 2 / 3) / 3, 14);
    expect(valueOf(parseMeasure('R_cap@2'), ranking, judgements)).toBe(1 / 2);
    expect(valueOf(parseMeasure('Hole@2'), ranking, judgements)).toBe(1 / 2);
  });
});
