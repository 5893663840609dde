import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { sha256 } from '../../src/io/files.js';
import { buildReport, parseFormats, renderTextTable, writeReport } from '../../src/reports/index.js';
import { suiteGrid, transposed } from '../../src/reports/layout/grid.js';
import type { Report, ReportOptions } from '../../src/reports/index.js';
import type { StoredResult } from '../../src/results/store.js';
import { biEncoders, bm25, crossEncoders, demoSystems, oracle, result, withFolder } from './fixtures.js';

const forums = 'android english gaming gis mathematica physics programmers stats tex unix webmasters wordpress'.split(
  ' ',
);

/** The score shown for a system on a row, with its mark. */
function shown(report: Report, rowLabel: string, system: string): string {
  const column = report.systems.findIndex(({ label }) => label === system);
  for (const suite of report.suites) {
    const grid = suiteGrid(suite, report.systems);
    const { lines } = grid.corner === 'System' ? transposed(grid) : grid;
    const cell = lines.find(({ heading }) => heading.label === rowLabel)?.cells[column];
    if (cell !== undefined) return cell.mark === 'none' ? cell.text : `${cell.text} ${cell.mark}`;
  }
  throw new Error(`no row ${rowLabel} with a column ${system}`);
}

const build = (results: StoredResult[], options: ReportOptions = {}): Promise<Report> => buildReport(results, options);

describe('rows and columns', () => {
  test('puts each score into its cell whatever the order of the records', async () => {
    const tasks = ['beir/scifact', 'beir/nfcorpus', 'demo/computing'];
    const results = demoSystems.flatMap((s, i) => tasks.map((name, j) => result(s, { name }, 0.01 * i + 0.1 * j)));
    const report = await build(results);
    demoSystems.forEach((system, i) => {
      tasks.forEach((task, j) => {
        expect(shown(report, task, system.name)).toContain((0.01 * i + 0.1 * j).toFixed(4));
      });
    });
    expect(await build([...results].reverse())).toEqual(report);
  });

  test('orders columns by kind, family and size, and rows as the BEIR paper does', async () => {
    const results = [...demoSystems]
      .reverse()
      .flatMap((s) => ['beir/scifact', 'beir/nfcorpus'].map((name) => result(s, { name }, 0.5)));
    const report = await build(results);
    const labels = report.systems.map(({ label }) => label);
    expect(labels[0]).toBe(bm25.name);
    expect(labels.slice(1, 4)).toEqual(['BE sgpt-1m lasttoken', 'BE sgpt-5m lasttoken', 'BE sgpt-20m lasttoken']);
    expect(labels.at(-1)).toBe(oracle.name);
    expect(report.suites[0]!.rows.map(({ task }) => task)).toEqual(['beir/nfcorpus', 'beir/scifact']);
  });

  test('marks best and second, ties together, and never the oracle', async () => {
    const [a, b, c] = biEncoders as [(typeof biEncoders)[0], (typeof biEncoders)[0], (typeof biEncoders)[0]];
    const task = { name: 'demo/computing' };
    const scores = [
      result(oracle, task, 0.9),
      result(a, task, 0.50001),
      result(b, task, 0.50004),
      result(c, task, 0.4),
    ];
    const report = await build([...scores, result(bm25, { name: 'demo/other' }, 0.1)]);
    expect([oracle, a, b, c, bm25].map(({ name }) => shown(report, 'demo/computing', name))).toEqual([
      '0.9000',
      '0.5000 best',
      '0.5000 best',
      '0.4000 second',
      '–',
    ]);
  });

  test('keeps records of other splits, data, profiles and query limits apart and says so', async () => {
    const name = 'beir/nfcorpus';
    const variants = [
      { name },
      { name, split: 'dev' },
      { name, profile: 'mteb' as const },
      { name, queryLimit: 20 },
      { name, checksum: sha256('other') },
    ];
    const report = await build(variants.map((task, i) => result(bm25, task, 0.1 * (i + 1))));
    const rows = report.suites[0]!.rows;
    expect(rows).toHaveLength(5);
    expect(new Set(rows.map(({ label }) => label)).size).toBe(5);
    expect(rows.filter(({ published }) => published.length > 0)).toHaveLength(3);
    expect(report.notes.join('\n')).toMatch(/nfcorpus has 5 rows.*split, data, profile, number of queries/);
    expect(report.notes.join('\n')).toContain('run only on its first 20 queries');
  });

  test('takes averages over complete rows only and says how many', async () => {
    const task = (name: string): { name: string } => ({ name });
    const report = await build([
      result(bm25, task('beir/nfcorpus'), 0.3),
      result(bm25, task('beir/scifact'), 0.6),
      result(bm25, task('beir/fiqa'), 0.9),
      result(oracle, task('beir/nfcorpus'), 0.5),
      result(oracle, task('beir/scifact'), 0.7),
      result(bm25, task('useb/askubuntu'), 0.5),
    ]);
    const [common, all] = report.suites[0]!.averages;
    expect(common!.tasks).toEqual(['beir/nfcorpus', 'beir/scifact']);
    expect(common!.of).toBe(3);
    expect(common!.cells.map((cell) => cell?.value)).toEqual([expect.closeTo(0.45), expect.closeTo(0.6)]);
    expect(all!.tasks).toHaveLength(3);
    expect(all!.cells.map((cell) => cell?.value)).toEqual([expect.closeTo(0.6), undefined]);
    expect(report.suites[1]!.averages).toEqual([]);
    expect(report.notes.join('\n')).toContain('2 of 3 tasks');
  });

  test('leaves MS MARCO out of averages, and takes none of different measures outside of USEB', async () => {
    const names = ['beir/msmarco', 'beir/nfcorpus', 'beir/scifact'];
    const useb = ['useb/askubuntu', 'useb/scidocs'].map((name, i) =>
      result(bm25, { name, measure: `map${i}` }, 0.2 + i / 10),
    );
    const mine = ['mine/a', 'mine/b'].map((name, i) => result(bm25, { name, measure: `m${i}` }, 0.5));
    const report = await build([...names.map((name, i) => result(bm25, { name }, 0.1 * i)), ...useb, ...mine]);
    const averages = report.suites.map(({ name, averages: [first] }) => [name, first?.cells[0]?.value]);
    expect(averages).toEqual([
      ['BEIR', expect.closeTo(0.15)],
      ['USEB', expect.closeTo(0.25)],
      ['mine', undefined],
    ]);
    expect(report.notes.join('\n')).toContain('MS MARCO is left out');
  });

  test('folds the twelve forums of CQADupStack, and only all twelve', async () => {
    const results = forums.map((forum, i) => result(bm25, { name: `beir/cqadupstack/${forum}` }, 0.1 + 0.01 * i));
    const [row] = (await build(results)).suites[0]!.rows;
    expect(row!.task).toBe('beir/cqadupstack');
    expect(row!.parts.map(({ task }) => task)).toEqual(forums.map((forum) => `beir/cqadupstack/${forum}`));
    expect(row!.cells[0]!.value).toBeCloseTo(0.155, 12);
    expect((await build(results.slice(1))).suites[0]!.rows).toHaveLength(11);
  });

  test('shows published scores with the difference of the same system only', async () => {
    const anserini = { ...bm25, name: 'BM25 anserini-flat', settings: { bm25: 'anserini-flat' } };
    const report = await build(
      [anserini, crossEncoders[0]!].map((system) =>
        result(system, { name: 'beir/nfcorpus', profile: 'trec_eval' }, 0.3214),
      ),
    );
    const [row] = report.suites[0]!.rows;
    const [comparison, ...others] = row!.cells[0]!.published;
    expect(others).toEqual([]);
    expect(comparison).toMatchObject({ score: 0.3218, verdict: 'equal' });
    expect(comparison!.difference).toBeCloseTo(-0.0004, 10);
    expect(row!.cells[1]!.published).toEqual([]);
  });
});

describe('bad input', () => {
  test('names both records that claim one cell, unless the newer is asked for', () =>
    withFolder(async (folder) => {
      const older = result(bm25, { name: 'demo/computing' }, 0.1, join(folder, 'a'));
      const newer = result(
        { ...bm25, settings: { bm25: 'elasticsearch', k1: 1.5 } },
        { name: 'demo/computing' },
        0.2,
        join(folder, 'b'),
      );
      // What the records say of their age counts for nothing.
      older.record.provenance.createdAt = '2027-02-02T00:00:00Z';
      const refused = build([older, newer]);
      await expect(refused).rejects.toThrow(InputError);
      await expect(refused).rejects.toThrow(older.folder);
      await expect(refused).rejects.toThrow(newer.folder);
      await expect(refused).rejects.toThrow('differ in k1');
      for (const [i, { folder: own }] of [older, newer].entries()) {
        await mkdir(own, { recursive: true });
        await writeFile(join(own, 'record.json'), '{}');
        await utimes(join(own, 'record.json'), 1_700_000_000 + i, 1_700_000_000 + i);
      }
      for (const order of [
        [older, newer],
        [newer, older],
      ])
        expect(shown(await build(order, { newest: true }), 'demo/computing', bm25.name)).toBe('0.2000 best');
      await expect(build([older, older])).resolves.toBeDefined();
    }));

  test('refuses a record without a value of its main measure', async () => {
    const made = result(bm25, { name: 'demo/computing' }, 0.1);
    made.record.mainMeasure = 'AP@7';
    await expect(build([made])).rejects.toThrow(`${made.folder}: the record has no value of its main measure "AP@7"`);
  });

  test('gives each depth of one system its own column', async () => {
    const shallow = { ...oracle, firstStage: { ...oracle.firstStage!, depth: 10 } };
    const report = await build([oracle, shallow].map((system, i) => result(system, { name: 'demo/computing' }, i)));
    expect(report.systems.map(({ label }) => label)).toEqual([
      'Oracle over BM25 · top 10 of BM25 elasticsearch',
      'Oracle over BM25 · top 100 of BM25 elasticsearch',
    ]);
  });

  test('refuses filters that match nothing, empty input and unknown formats', async () => {
    const results = [result(bm25, { name: 'demo/computing' }, 0.1)];
    await expect(build(results, { tasks: ['demo/computin'] })).rejects.toThrow('did you mean "demo/computing"');
    await expect(build(results, { systems: ['BE*'] })).rejects.toThrow('unknown system "BE*"');
    await expect(build([])).rejects.toThrow('there are no results');
    expect(() => parseFormats(['htm'])).toThrow('did you mean "html"');
    expect(() => parseFormats([])).toThrow(InputError);
  });

  test('filters by task folder, by system pattern and by family', async () => {
    const results = demoSystems.flatMap((s) =>
      ['demo/computing', 'beir/scifact'].map((name) => result(s, { name }, 0.5)),
    );
    const report = await build(results, { tasks: ['beir'], systems: ['BE * mean', 'CE G'] });
    expect(report.suites.map(({ name }) => name)).toEqual(['BEIR']);
    expect(report.systems).toHaveLength(6);
  });
});

describe('files', () => {
  const hostile = { ...bm25, name: '<script>alert(1)</script> | a_b & 50% *x*', family: '</script><b>' };

  test('writes the same bytes for the same records, in any order', () =>
    withFolder(async (folder) => {
      const results = demoSystems.map((system, i) => result(system, { name: 'demo/computing' }, i / 20));
      const [a, b] = await Promise.all(
        [results, [...results].reverse()].map(async (order, i) => {
          const paths = await writeReport(await build(order), join(folder, String(i)), ['html', 'md']);
          return Promise.all(paths.map((path) => readFile(path, 'utf8')));
        }),
      );
      expect(a).toEqual(b);
      expect(a).toHaveLength(3);
    }));

  test('escapes hostile names in every text format', () =>
    withFolder(async (folder) => {
      const named = { ...biEncoders[0]!, name: hostile.name, family: hostile.family };
      const report = await build([result(named, { name: 'demo/<img src=x onerror=1>|b' }, 0.5)], {
        title: '<i>title</i>',
      });
      const paths = await writeReport(report, folder, ['html', 'md']);
      const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
      expect(texts).toHaveLength(3);
      for (const text of texts) {
        expect(text).not.toContain('<script>alert');
        expect(text).not.toContain('<img src=x');
        expect(text).not.toContain('<i>title');
      }
    }));

  test('writes a Markdown table with as many cells in each line as its head', () =>
    withFolder(async (folder) => {
      const report = await build([hostile, ...biEncoders].map((s, i) => result(s, { name: 'demo/a|b' }, i / 10)));
      await writeReport(report, folder, ['md']);
      const text = await readFile(join(folder, 'report.md'), 'utf8');
      const lines = text.split('\n').filter((line) => line.startsWith('|'));
      const cells = (line: string): number => line.replace(/\\\|/g, '').split('|').length;
      const results = lines.slice(0, 12);
      expect(new Set(results.map(cells)).size).toBe(1);
      expect(text).toContain('**0.9000**');
      expect(text).toContain('<ins>0.8000</ins>');
      expect(text).toContain('](size.svg)');
    }));

  test('prints a table for a terminal without control characters', async () => {
    const report = await build([result({ ...bm25, name: 'a\u001b[31mb' }, { name: 'demo/computing' }, 0.5)]);
    const text = renderTextTable(report);
    expect(text).not.toContain('\u001b');
    expect(text).toMatch(/0\.5000\*/);
  });
});
