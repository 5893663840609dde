import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { profileByName } from '../../src/core/profile.js';
import {
  usebDatasets,
  usebMainMeasures,
  usebNormalizations,
  type UsebNormalization,
  type UsebTask,
} from '../../src/core/useb.js';
import { openUsebTasks } from '../helpers/tasks.js';
import { evaluateUseb, usebAverage, usebPercentage, type UsebEvaluation } from '../../src/measures/useb/index.js';
import { biEncoderRunner } from '../../src/runners/bi-encoder.js';
import { VectorStore } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { hashEncoder } from '../helpers/hash-encoder.js';
import { recordingProgress } from '../helpers/progress.js';

type Numbers = Readonly<Record<string, number>>;
type Splits = Readonly<Record<'test' | 'valid', Numbers>>;

/** What useb 0.0.1 computes for the same embeddings: tools/goldens/useb/useb_numbers.py. */
const golden = JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, 'goldens/useb.json.gz'))).toString()) as {
  sets: Record<'demo' | 'odd', Record<UsebNormalization, Splits>>;
  printed: Splits;
};

const fixtures = join(import.meta.dirname, '../datasets/fixtures');

/** The bundled data, or data with all that is odd in it. */
const open = (set: 'demo' | 'odd', split: string): Promise<UsebTask[]> =>
  set === 'demo' ? openUsebTasks('demo/useb', 'nowhere', split) : openUsebTasks('useb', fixtures, split);

async function evaluate(
  tasks: readonly UsebTask[],
  normalize: UsebNormalization,
): Promise<Map<string, UsebEvaluation>> {
  const stored = { encoder: hashEncoder(), store: new VectorStore(temporaryFolder()) };
  const runner = biEncoderRunner(stored, { normalize, threads: 1 });
  const context = { profile: profileByName('sgpt-paper'), progress: recordingProgress() };
  const evaluations = new Map<string, UsebEvaluation>();
  for (const task of tasks) {
    const [result] = await runner.run(task, { topK: 1000, candidates: null }, context);
    if (result?.output.kind !== 'useb') throw new Error('expected scores of USEB');
    evaluations.set(task.dataset, evaluateUseb(task, result.output.scores));
  }
  return evaluations;
}

const valuesOf = (evaluations: ReadonlyMap<string, UsebEvaluation>): Record<string, number> =>
  Object.fromEntries([...evaluations.values()].flatMap(({ values }) => [...values]));

describe('the numbers of useb 0.0.1', () => {
  for (const set of ['demo', 'odd'] as const) {
    for (const split of ['test', 'valid'] as const) {
      it.each(usebNormalizations)(`are met in every key: ${set} data, ${split}, normalize %s`, async (normalize) => {
        const found = valuesOf(await evaluate(await open(set, split), normalize));
        const expected = golden.sets[set][normalize][split];
        expect(Object.keys(found)).toEqual(Object.keys(expected));
        const different = Object.entries(expected).filter(([key, value]) => !(Math.abs(found[key]! - value) < 1e-9));
        expect(different.map(([key, value]) => `${key}: ${value}, found ${found[key]!}`)).toEqual([]);
      });
    }
  }

  it.each(['test', 'valid'] as const)('are printed with the same two decimals: %s', async (split) => {
    const found = valuesOf(await evaluate(await open('demo', split), 'by-task'));
    const printed = Object.fromEntries(Object.entries(found).map(([key, value]) => [key, usebPercentage(value)]));
    expect(printed).toEqual(golden.printed[split]);
  });

  it('average to the mean of the four main numbers as printed', async () => {
    const evaluations = await evaluate(await open('demo', 'test'), 'by-task');
    const values = new Map([...evaluations].map(([dataset, evaluation]) => [dataset, evaluation.values]));
    const main = usebDatasets.map((dataset) => golden.printed.test[usebMainMeasures[dataset]]!);
    expect(usebAverage(values)).toBe((main[0]! + main[1]! + main[2]! + main[3]!) / 4);
  });
});

describe('usebPercentage', () => {
  it("rounds like Python's round(value * 100, 2)", () => {
    // Python 3.11: [round(v * 100, 2) for v in (0.123456, 0.00125, 0.00375, 0.625, 0.0006249, 0.285349999, 1.0)]
    const values = [0.123456, 0.00125, 0.00375, 0.625, 0.0006249, 0.285349999, 1];
    expect(values.map(usebPercentage)).toEqual([12.35, 0.12, 0.38, 62.5, 0.06, 28.53, 100]);
  });
});

describe('values by query', () => {
  it('have the main number as their mean where it is a mean over queries', async () => {
    const [askUbuntu, cqaDupStack, twitterPara, sciDocs] = [
      ...(await evaluate(await open('odd', 'test'), 'by-task')).values(),
    ];
    const column = ({ queryMeasures, queries }: UsebEvaluation, key: string, prefix = ''): number => {
      const at = queryMeasures.indexOf(key);
      const values = queries.filter(({ id }) => id.startsWith(prefix)).map((query) => query.values[at]!);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    for (const key of askUbuntu!.queryMeasures) {
      expect(column(askUbuntu!, key)).toBeCloseTo(askUbuntu!.values.get(key)!, 12);
    }
    expect(column(cqaDupStack!, 'map@100_cqadupstack_avg', 'zsh/')).toBeCloseTo(
      cqaDupStack!.values.get('map@100_cqadupstack_zsh')!,
      12,
    );
    expect(column(sciDocs!, 'ndcg_scidocs_cosine_avg', 'cocite/')).toBeCloseTo(
      sciDocs!.values.get('ndcg_scidocs_cocite_cosine')!,
      12,
    );
    expect(twitterPara!.queries).toEqual([]);
  });

  it('show the head of each ranking with titles and grades', async () => {
    const evaluation = (await evaluate(await open('demo', 'test'), 'by-task')).get('askubuntu')!;
    for (const { top } of evaluation.queries) {
      expect(top).toHaveLength(10);
      expect(top.map(({ score }) => score)).toEqual(top.map(({ score }) => score).sort((a, b) => b - a));
    }
    expect(evaluation.queries.flatMap(({ top }) => top.map(({ grade }) => grade))).toContain(1);
  });
});
