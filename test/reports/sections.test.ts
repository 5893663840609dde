import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/io/files.js';
import { rank, type Run } from '../../src/core/run.js';
import { buildReport, type Report } from '../../src/reports/index.js';
import type { ReportSection } from '../../src/reports/model/model.js';
import { candidatesChecksum } from '../../src/results/fingerprint.js';
import { saveResult } from '../../src/results/store.js';
import { RECORD_VERSION, type PerQuery } from '../../src/results/record.js';
import { biEncoders, bm25, crossEncoders, oracle, perQuery, record, result, store, withFolder } from './fixtures.js';

function sectionOf(report: Report, id: ReportSection['id']): ReportSection {
  const section = report.sections.find((candidate) => candidate.id === id);
  if (section === undefined) throw new Error(`no section ${id}`);
  return section;
}

const task = { name: 'demo/computing' };

test('every line of a table has as many values as the table has columns', async () => {
  const systems = [bm25, ...biEncoders, ...crossEncoders, oracle];
  const report = await buildReport(systems.map((system, i) => result(system, task, i / 10)));
  const tables = report.sections.flatMap(({ panels }) => panels.map(({ table }) => table));
  expect(tables.length).toBeGreaterThan(2);
  for (const { columns, lines } of tables) for (const line of lines) expect(line).toHaveLength(columns.length);
});

test('says under the tables what a reader must know of the results', async () => {
  const made = result(bm25, task, 0.3);
  const health = { tiedQueries: 2, inputs: {}, droppedDocuments: 0 };
  const evaluation = { ...made.record.evaluation, queriesWithoutRanking: 15 };
  const report = await buildReport([{ ...made, record: { ...made.record, health, evaluation } }]);
  const queries = made.record.task.queries;
  expect(report.notes).toEqual(
    expect.arrayContaining([
      `demo/computing: 15 of ${queries} queries without a ranking, left out of the means (${bm25.name}).`,
      `demo/computing: 2 of ${queries} queries with one score for all their documents (${bm25.name}).`,
    ]),
  );
});

describe('vectors by size', () => {
  test('are compared with the largest of the same pooling, on rows with cut or quantized ones', async () => {
    const forms = [
      { name: 'BE binary', settings: { pooling: 'mean', layer: 4, precision: 'binary' }, vectorBytes: 6, score: 0.3 },
      { name: 'BE whole', settings: { pooling: 'mean', layer: 4 }, vectorBytes: 192, score: 0.4 },
      { name: 'BE other', settings: { pooling: 'max', layer: 4 }, vectorBytes: 192, score: 0.5 },
    ];
    const results = forms.map(({ vectorBytes, score, ...form }) => {
      const made = result({ ...biEncoders[2]!, ...form, family: form.name }, task, score);
      made.record.provenance.cost.vectorBytes = vectorBytes;
      return made;
    });
    const [panel] = sectionOf(await buildReport(results), 'vectors').panels;
    expect(panel!.table.lines.map((line) => line.slice(1))).toEqual(
      expect.arrayContaining([
        [192, 0.4, '100.0%'],
        [6, 0.3, '75.0%'],
        [192, 0.5, '100.0%'],
      ]),
    );
    expect(panel!.table.lines.at(-1)![0]).toBe('BE binary');
    const without = await buildReport(results.slice(1));
    expect(without.sections.map(({ id }) => id)).not.toContain('vectors');
  });
});

describe('pooling by layer', () => {
  test('has a grid for each model with several layers, and draws only its last layer across sizes', async () => {
    const systems = [0, 2, 4].flatMap((layer) =>
      ['mean', 'lasttoken'].map((pooling) => ({
        ...biEncoders[2]!,
        name: `BE ${pooling}@${layer}`,
        family: layer === 4 ? `BE ${pooling}` : `BE ${pooling}@${layer}`,
        settings: { pooling, layer, brackets: 'specb' },
      })),
    );
    const missing = systems.slice(1);
    const report = await buildReport([...missing, biEncoders[0]!].map((s, i) => result(s, task, i / 10)));
    const [panel, ...others] = sectionOf(report, 'layers').panels;
    expect(others).toEqual([]);
    expect(panel!.figure).toMatchObject({
      layers: [0, 2, 4],
      poolings: ['lasttoken', 'mean'],
      values: [
        [0, 0.2, 0.4],
        [null, 0.1, 0.3],
      ],
    });
    expect(panel!.table.lines).toEqual([
      [0, 0, null],
      [2, 0.2, 0.1],
      [4, 0.4, 0.3],
    ]);
    const sizes = sectionOf(report, 'sizes').panels[0]!.figure;
    expect(sizes?.kind === 'sizes' && sizes.lines.map(({ family }) => family)).toEqual([
      'BE lasttoken',
      'BE mean',
      'BE weightedmean',
    ]);
  });

  test('is not there for one layer, nor for models that differ in another setting', async () => {
    const systems = [0, 1].map((layer) => ({
      ...biEncoders[2]!,
      name: `BE ${layer}`,
      settings: { pooling: 'mean', layer, brackets: layer === 0 ? 'specb' : 'none' },
    }));
    const report = await buildReport(systems.map((system) => result(system, task, 0.5)));
    expect(report.sections.map(({ id }) => id)).not.toContain('layers');
  });
});

test('prompts stand in a table by letter, a column a model', async () => {
  const systems = ['C', 'A'].flatMap((prompt) =>
    crossEncoders.map((system) => ({ ...system, name: `${system.name} ${prompt}`, settings: { prompt } })),
  );
  const report = await buildReport(systems.map((system, i) => result(system, task, i / 10)));
  const { table } = sectionOf(report, 'prompts').panels[0]!;
  expect(table.columns.map(({ label }) => label.split(',')[0])).toEqual([
    'Prompt',
    ...crossEncoders.map(({ parameters }) => `models/${parameters!}`),
  ]);
  expect(table.lines).toEqual([
    ['A', 0.3, 0.4, 0.5],
    ['C', 0, 0.1, 0.2],
  ]);
});

describe('depth', () => {
  const ids = Array.from({ length: 100 }, (_, i) => `d${i}`);
  const firstStage: Run = new Map([
    [
      'q',
      rank(
        ids,
        ids.map((_, i) => -i),
      ),
    ],
  ]);
  /** Reverses the candidates: at depth d the document that was the d-th comes first. */
  const reversed: Run = new Map([
    [
      'q',
      rank(
        ids,
        ids.map((_, i) => i),
      ),
    ],
  ]);
  const judgements: [string, number][] = [
    ['d9', 2],
    ['d99', 1],
    ['elsewhere', 1],
  ];
  const ideal = 2 + 1 / Math.log2(3) + 1 / Math.log2(4);
  const stage = { name: bm25.name, checksum: candidatesChecksum(firstStage, 100), depth: 100 };

  async function stored(root: string, checksum: string): Promise<Report> {
    const query = (of: number): PerQuery => ({
      schema: 'sgpt-bench/per-query',
      version: RECORD_VERSION,
      measures: ['nDCG@10'],
      queries: [{ id: 'q', text: 'query', values: [of], top: [], judgements }],
    });
    // d99 is first when all 100 are re-ranked, and d9 is out of the first ten.
    const full = Math.round((1 / ideal) * 1e5) / 1e5;
    const reranker = { ...crossEncoders[0]!, firstStage: { ...stage, checksum } };
    const first = record(bm25, { ...task, queries: 1 }, 0.3);
    const second = record(reranker, { ...task, queries: 1 }, full);
    return buildReport([
      await saveResult(root, first, firstStage, query(0.3)),
      await saveResult(root, second, reversed, query(full)),
    ]);
  }

  test('scores smaller depths and the ceiling from the runs', () =>
    withFolder(async (folder) => {
      const { figure } = sectionOf(await stored(folder, stage.checksum), 'depth').panels[0]!;
      expect(figure).toMatchObject({ kind: 'depth', depths: [10, 20, 50, 100] });
      const [system, ceiling] = figure?.kind === 'depth' ? figure.lines : [];
      const expected = (values: number[]): unknown[] =>
        values.map((value): unknown => expect.closeTo(value / ideal, 4));
      // At depth 10 d9 (grade 2) comes first; at 20 and 50 it is past the tenth place; at 100 d99 (grade 1) comes first.
      expect(system!.values).toEqual(expected([2, 0, 0, 1]));
      expect(ceiling!.values).toEqual(expected([2, 2, 2, 2 + 1 / Math.log2(3)]));
    }));

  test('is left out when the first stage is not the run that was re-ranked', () =>
    withFolder(async (folder) => {
      const report = await stored(folder, '0'.repeat(64));
      expect(report.sections.map(({ id }) => id)).not.toContain('depth');
    }));
});

describe('significance', () => {
  test('gives paired differences to the reference with intervals around them', () =>
    withFolder(async (folder) => {
      const systems = [bm25, biEncoders[0]!, biEncoders[1]!];
      const results = await Promise.all(systems.map((system, i) => store(folder, system, task, 0.3 + i / 10, i + 1)));
      const report = await buildReport(results, { reference: bm25.name });
      const { table, figure } = sectionOf(report, 'significance').panels[0]!;
      const means = results.map(({ record: made }, i) => {
        const values = perQuery(made, i + 1).queries.map(({ values: [value] }) => value!);
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      });
      expect(table.lines.map(([label]) => label)).toEqual(systems.slice(1).map(({ name }) => name));
      table.lines.forEach(([, difference, low, high], i) => {
        expect(difference).toBeCloseTo(means[i + 1]! - means[0]!, 10);
        expect(low).toBeLessThan(difference as number);
        expect(high).toBeGreaterThan(difference as number);
      });
      expect(figure).toMatchObject({ kind: 'differences', reference: bm25.name });
      expect(await buildReport([...results].reverse(), { reference: bm25.name })).toEqual(report);
    }));

  test('names the columns when the reference is none of them, and what is missing without per-query scores', async () => {
    const results = [bm25, oracle].map((system) => result(system, task, 0.5));
    await expect(buildReport(results, { reference: 'BM25 elastisearch' })).rejects.toThrow(
      'did you mean "BM25 elasticsearch"',
    );
    await expect(buildReport(results, { reference: bm25.name })).rejects.toThrow('no task has per-query scores');
  });
});

test('published scores stand once a task, with the difference where the same system was measured', async () => {
  const flat = { ...bm25, name: 'BM25 flat', settings: { bm25: 'anserini-flat' } };
  const nfcorpus = { name: 'beir/nfcorpus' };
  const report = await buildReport([
    result(flat, { ...nfcorpus, profile: 'trec_eval' }, 0.3258),
    result(bm25, nfcorpus, 0.5),
    result(bm25, { name: 'beir/scifact', split: 'train' }, 0.5),
  ]);
  const { lines } = sectionOf(report, 'published').panels[0]!.table;
  const names = lines.map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(lines.filter(([task]) => String(task).startsWith('beir/scifact'))).toEqual([]);
  const line = lines.find(([, name]) => name === 'BM25 (Anserini 2, flat)');
  expect(line?.slice(0, 2)).toEqual(['beir/nfcorpus (profile trec_eval)', 'BM25 (Anserini 2, flat)']);
  expect(line?.slice(2, 7)).toEqual([0.3218, 'anserini-flat', 'BM25 flat', 0.3258, expect.closeTo(0.004, 10)]);
  const cell = report.suites[0]!.rows[1]!.cells.find((found) => found !== null);
  expect(cell!.published.map(({ verdict }) => verdict)).toEqual(['near']);
});

test('cost shows work, speed and time beside the score', async () => {
  const report = await buildReport([result(bm25, task, 0.5)]);
  const { columns, lines } = sectionOf(report, 'cost').panels[0]!.table;
  const line = Object.fromEntries(columns.map(({ label }, i) => [label, lines[0]![i]]));
  expect(line).toMatchObject({ Score: 0.5, Texts: 300, Pairs: null, 'Texts or pairs per second': 24, Time: 13 });
});

test('provenance has hashes, data, settings, versions, machine and command of every score', async () => {
  const made = result(biEncoders[0]!, task, 0.5);
  const { lines } = sectionOf(await buildReport([made]), 'provenance').panels[0]!.table;
  const text = lines[0]!.join('\n');
  const { model } = made.record.system;
  for (const part of [
    model!.files['model.safetensors']!.slice(0, 12),
    made.record.task.checksum.slice(0, 12),
    'pooling=weightedmean',
    'node=20.20.2',
    'Test CPU',
    made.record.provenance.command,
    made.folder,
  ])
    expect(text).toContain(part);
});

test('a record alone, without per-query scores, is reported', () =>
  withFolder(async (folder) => {
    const made = result(bm25, task, 0.5, folder);
    await writeFileAtomic(join(made.folder, 'record.json'), JSON.stringify(made.record));
    await expect(buildReport([made])).resolves.toMatchObject({ systems: [{ name: bm25.name }] });
  }));
