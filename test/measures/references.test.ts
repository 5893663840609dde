import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileByName } from '../../src/core/profile.js';
import {
  evaluateRun,
  evaluationOptions,
  parseMeasure,
  parseMeasures,
  plainEvaluation,
} from '../../src/measures/index.js';
import { readRun } from '../../src/results/run-file.js';
import { asRun, golden, type Grades, makeCase, type Scores } from './cases.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'measures-'));
});
afterAll(() => rm(folder, { recursive: true }));

type PerQuery = Record<string, (number | null)[]>;

describe('pytrec_eval (trec_eval 9.0.8)', () => {
  const { measures: names, cases } = golden('trec-eval') as { measures: string[]; cases: PerQuery[] };
  const measures = parseMeasures(names);
  const evaluations = cases.map((_, seed) => {
    const { qrels, scores } = makeCase(seed);
    return evaluateRun(qrels, asRun(scores), measures);
  });

  it('evaluates the same queries', () => {
    expect(cases).toHaveLength(1000);
    for (const [seed, { perQuery }] of evaluations.entries())
      for (const values of perQuery.values())
        expect([...values.keys()].sort(), `case ${seed}`).toEqual(Object.keys(cases[seed]!).sort());
  });

  it.each(names.map((name, index) => ({ name, index })))(
    '$name equals it on a thousand random runs',
    ({ name, index }) => {
      const measure = parseMeasure(name).name;
      for (const [seed, { perQuery, means }] of evaluations.entries()) {
        // trec_eval's interpolated precision of an empty ranking is 0/0.
        const expected = new Map(Object.entries(cases[seed]!).map(([query, row]) => [query, row[index] ?? 0]));
        let sum = 0;
        for (const [query, value] of perQuery.get(measure)!) {
          expect(Math.abs(value - expected.get(query)!), `case ${seed}, query ${query}`).toBeLessThanOrEqual(1e-15);
          sum += expected.get(query)!;
        }
        expect(means.get(measure), `mean of case ${seed}`).toBeCloseTo(sum / expected.size, 13);
      }
    },
  );
});

describe('ir_measures', () => {
  const file = golden('ir-measures') as {
    measures: string[];
    cases: { means: number[]; perQuery: PerQuery }[];
  };
  // gdeval, behind nDCG(dcg='exp-log2'), prints five digits.
  const tolerance = (name: string): number => (name.includes('exp') ? 5.01e-6 : 1e-12);

  it.each(file.measures.map((name, index) => ({ name, index })))('$name and its complete mean', ({ name, index }) => {
    const measure = parseMeasure(name);
    for (const [seed, { means, perQuery }] of file.cases.entries()) {
      const { qrels, scores } = makeCase(seed, true);
      const evaluation = evaluateRun(qrels, asRun(scores), [measure], { ...plainEvaluation, average: 'complete' });
      const where = `case ${seed}`;
      expect(Math.abs(evaluation.means.get(measure.name)! - means[index]!), where).toBeLessThan(tolerance(name));
      for (const [query, value] of evaluation.perQuery.get(measure.name)!)
        expect(Math.abs(value - (perQuery[query]?.[index] ?? 0)), `${where}, query ${query}`).toBeLessThan(
          tolerance(name),
        );
    }
  });
});

describe('beir 2.2', () => {
  const { cutoffs, cases } = golden('beir') as { cutoffs: number[]; cases: Record<string, number>[] };
  const families = {
    NDCG: 'nDCG',
    MAP: 'AP',
    Recall: 'R',
    P: 'P',
    MRR: 'RR',
    R_cap: 'R_cap',
    Hole: 'Hole',
    Accuracy: 'Success',
  };

  it('prints what evaluate and evaluate_custom print, to the last digit', async () => {
    const names = Object.entries(families).flatMap(([theirs, ours]) =>
      cutoffs.map((k) => [`${theirs}@${k}`, `${ours}@${k}`] as const),
    );
    const measures = parseMeasures(names.map(([, ours]) => ours));
    const options = evaluationOptions(profileByName('beir'));
    for (const [seed, expected] of cases.entries()) {
      const { qrels, scores } = beirCase(seed);
      // BEIR's own measures keep ties as they come, so the run goes through a file.
      const path = join(folder, 'run');
      await writeFile(path, runFile(scores));
      const { means } = evaluateRun(qrels, await readRun(path, { ties: 'file' }), measures, options);
      const ours = Object.fromEntries(names.map(([theirs, name]) => [theirs, means.get(name)]));
      expect(ours, `case ${seed}`).toEqual(expected);
    }
  });
});

/** As `beir_cases` in make_goldens.py; a query without any hit cannot be in a run file and is left out there too. */
function beirCase(seed: number): { qrels: Grades; scores: Scores } {
  const all = { qrels: new Map() as Grades, scores: new Map() as Scores };
  for (let part = 0; part < 8; part++) {
    const { qrels, scores } = makeCase(seed * 8 + part + 5000);
    for (const [query, grades] of qrels) {
      if (Math.max(...grades.values()) <= 0) continue;
      all.qrels.set(`${part}${query}`, grades);
      const ranking = scores.get(query);
      if (ranking === undefined || ranking.size === 0) continue;
      const entries = Array.from(ranking, ([id, score]) => [id === query ? `${part}${query}` : id, score] as const);
      all.scores.set(`${part}${query}`, new Map(entries));
    }
  }
  return all;
}

function runFile(scores: Scores): string {
  const lines = Array.from(scores, ([query, ranking]) =>
    Array.from(ranking, ([id, score], i) => `${query} Q0 ${id} ${i + 1} ${score} test\n`),
  );
  return lines.flat().join('');
}
