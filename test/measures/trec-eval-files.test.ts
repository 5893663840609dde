import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../src/core/run.js';
import { readQrels } from '../../src/datasets/qrels-file.js';
import { evaluateRun, type Measure, parseMeasure, plainEvaluation } from '../../src/measures/index.js';
import { readRun } from '../../src/results/run-file.js';

/** trec_eval's own test files, which are not part of this project. */
const folder = new URL('../../../shared/data/trec_eval/', import.meta.url).pathname;
const path = (name: string): string => `${folder}${name}`;

let temporary = '';
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'trec-eval-'));
});
afterAll(() => rm(temporary, { recursive: true }));

/** trec_eval's names and ours. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^map$/, 'AP'],
  [/^map_cut_(\d+)$/, 'AP@$1'],
  [/^ndcg$/, 'nDCG'],
  [/^ndcg_cut_(\d+)$/, 'nDCG@$1'],
  [/^P_(\d+)$/, 'P@$1'],
  [/^recall_(\d+)$/, 'R@$1'],
  [/^success_(\d+)$/, 'Success@$1'],
  [/^recip_rank$/, 'RR'],
  [/^Rprec$/, 'Rprec'],
  [/^bpref$/, 'Bpref'],
  [/^infAP$/, 'infAP'],
  // Between 0 and 1 these outputs are of version 10, which rounds the number of documents where 9.0.8 adds 0.9 and cuts.
  [/^iprec_at_recall_([01]\.00)$/, 'IPrec@$1'],
  [/^set_P$/, 'SetP'],
  [/^set_relative_P$/, 'SetP(relative=True)'],
  [/^set_recall$/, 'SetR'],
  [/^set_map$/, 'SetAP'],
  [/^set_F$/, 'SetF'],
];

const files = [
  { output: 'out.test', qrels: 'qrels.test', run: 'results.test' },
  { output: 'out.test.a', qrels: 'qrels.test', run: 'results.test' },
  { output: 'out.test.a', qrels: 'qrels.test.with-comments', run: 'results.test' },
  { output: 'out.test.aq', qrels: 'qrels.test', run: 'results.test' },
  { output: 'out.test.aqc', qrels: 'qrels.test', run: 'results.trunc', complete: true },
  { output: 'out.test.aql', qrels: 'qrels.rel_level', run: 'results.test', level: 2 },
  { output: 'out.test.meas_params', qrels: 'qrels.test', run: 'results.test' },
  { output: 'out.comment.test', qrels: 'qrels.comment.test', run: 'results.comment.test' },
];

describe.skipIf(!existsSync(folder))("trec_eval's expected outputs (skipped where its test files are missing)", () => {
  it.each(files)('$output, from $qrels and $run', async ({ output, qrels, run, complete, level }) => {
    const average = complete === true ? 'complete' : 'intersection';
    const expected = readFileSync(path(output), 'utf8')
      .split('\n')
      .flatMap((line) => expectation(line, level));
    const measures = [...new Map(expected.map(({ measure }) => [measure.name, measure])).values()];
    const evaluation = evaluateRun(await readQrels(path(qrels)), await readSixColumns(path(run)), measures, {
      ...plainEvaluation,
      average,
    });
    expect(expected.length).toBeGreaterThan(10);
    for (const { measure, query, value } of expected) {
      const { means, perQuery } = evaluation;
      const ours = query === 'all' ? means.get(measure.name) : perQuery.get(measure.name)!.get(query);
      expect(ours?.toFixed(4), `${measure.name}, query ${query}`).toBe(value);
    }
  });
});

/** trec_eval does not look at what follows the sixth column; here it is an error, since ids may not hold spaces. */
async function readSixColumns(file: string): Promise<Run> {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const cut = join(temporary, 'run');
  await writeFile(cut, lines.map((line) => line.split(/\s+/).slice(0, 6).join(' ')).join('\n'));
  return readRun(cut);
}

function expectation(line: string, level: number | undefined): { measure: Measure; query: string; value: string }[] {
  const [name = '', query = '', value = ''] = line.split(/\s+/);
  for (const [pattern, ours] of families) {
    if (!pattern.test(name)) continue;
    const measure = name.replace(pattern, ours);
    return [{ measure: parseMeasure(withLevel(measure, level)), query, value }];
  }
  return [];
}

function withLevel(measure: string, level: number | undefined): string {
  if (level === undefined || measure.startsWith('nDCG')) return measure;
  const [head, cutoff] = measure.split('@');
  const options = head!.endsWith(')') ? `${head!.slice(0, -1)},rel=${level})` : `${head!}(rel=${level})`;
  return cutoff === undefined ? options : `${options}@${cutoff}`;
}
