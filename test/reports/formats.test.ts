import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvField } from '../../src/reports/formats/csv.js';
import { buildReport, reportFormats, writeReport } from '../../src/reports/index.js';
import { escapeLatex } from '../../src/reports/formats/latex.js';
import { escapeMarkdown } from '../../src/reports/formats/markdown.js';
import { biEncoders, bm25, crossEncoders, demoSystems, result, withFolder, type FixtureSystem } from './fixtures.js';

const hostile: FixtureSystem = {
  ...biEncoders[0]!,
  name: '=1+1 \\input{/etc/passwd} 50% & a_b #1 {x} ~^ "q" <i> | 日本 😀 é',
  family: '</script>$family$',
};
const tasks = ['beir/nfcorpus', 'beir/scifact', 'beir/cqadupstack/android', 'demo/a_b'];
const results = [...demoSystems, hostile].flatMap((system, s) =>
  tasks.map((name, t) => result(system, { name }, ((s * 31 + t * 7) % 90) / 100)),
);

async function written(folder: string, format: (typeof reportFormats)[number]): Promise<Map<string, string>> {
  const paths = await writeReport(await buildReport(results), folder, [format]);
  const texts = await Promise.all(
    paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const),
  );
  return new Map(texts);
}

describe('CSV', () => {
  test('has every measure of every record in the long file, and a line a task in the wide one', () =>
    withFolder(async (folder) => {
      const files = await written(folder, 'csv');
      const long = parse<Record<string, string>>(files.get('scores-long.csv')!, { columns: true });
      expect(long).toHaveLength(results.length * 2);
      const line = long.find((l) => l['system'] === bm25.name && l['task'] === 'beir/scifact' && l['main'] === '1');
      expect(line).toMatchObject({ measure: 'nDCG@10', value: '0.07', profile: 'sgpt-paper', model: '' });
      const wide = parse<Record<string, string>>(files.get('scores-wide.csv')!, { columns: true });
      const byTask = new Map(wide.map((l) => [l['task'], l]));
      for (const { record } of results) {
        const column = record.system.name.startsWith('=') ? `'${record.system.name}` : record.system.name;
        expect(Number(byTask.get(record.task.name)![column])).toBe(record.measures['nDCG@10']);
      }
      expect(byTask.get('average of 3 of 3 tasks')).toBeDefined();
    }));

  test('starts no field like a formula, and gives text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [[field]] = parse(csvField(text) + ',end\r\n', { relax_column_count: true }) as [[string]];
        expect(field).not.toMatch(/^[=+\-@\t\r\n]/);
        expect([text, `'${text}`]).toContain(field);
      }),
    );
    expect(csvField(-0.25)).toBe('-0.25');
  });
});

describe('LaTeX', () => {
  test('escapes every special character', () => {
    expect(escapeLatex('50% & a_b #1 {x}')).toBe('50\\% \\& a\\_\\allowbreak{}b \\#1 \\{x\\}');
    expect(escapeLatex('Łódź, 你好')).toBe('Łódź, \\codepoint{4F60}\\codepoint{597D}');
    expect(escapeLatex('😀,,')).toBe('\\codepoint{1F600},{},');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const plain = escapeLatex(text).replace(
          /\\[a-z]+\{\}|\\[#$%&{}_]|\\codepoint\{[0-9A-F]{4,6}\}|\{[[*]\}|,\{\}/g,
          '',
        );
        expect(plain).not.toMatch(/[#$%&{}_\\~^\n]/);
      }),
    );
  });

  test('leaves nothing at the start of a row that the end of the row before it would take as its argument', () => {
    fc.assert(
      fc.property(fc.constantFrom('[', '*', '[1]', '*x', '日', ' '), fc.string(), (start, rest) => {
        expect(escapeLatex(start + rest).trim()).not.toMatch(/^[[*]/);
      }),
    );
  });
});

test('Markdown escapes leave no table cell, tag, link or line end', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeMarkdown(text).replace(/\\./gs, '')).not.toMatch(/[|<>`*_[\]\n\r]/);
    }),
  );
});

test('JSON has every score, and each names its record', () =>
  withFolder(async (folder) => {
    interface Json {
      schema: string;
      systems: { label: string }[];
      suites: { rows: { task: string; cells: ({ value: number; result: string } | null)[] }[] }[];
      results: { id: string; record: (typeof results)[0]['record'] }[];
    }
    const report = JSON.parse((await written(folder, 'json')).get('report.json')!) as Json;
    expect(report.schema).toBe('sgpt-bench/report');
    const rows = report.suites.flatMap(({ rows: all }) => all);
    for (const { record } of results) {
      const column = report.systems.findIndex(({ label }) => label === record.system.name);
      const cell = rows.find(({ task }) => task === record.task.name)!.cells[column]!;
      expect(cell.value).toBe(record.measures['nDCG@10']);
      expect(report.results.find(({ id }) => id === cell.result)!.record).toEqual(record);
    }
  }));

describe('mteb', () => {
  test('writes a folder a system with the scores of tasks that mteb has', () =>
    withFolder(async (folder) => {
      const files = await written(folder, 'mteb');
      const path = 'mteb/results/sgpt-bench__bm25-elasticsearch/no-revision-available';
      expect([...files.keys()].filter((name) => name.startsWith(path)).sort()).toEqual([
        `${path}/CQADupstackAndroidRetrieval.json`,
        `${path}/NFCorpus.json`,
        `${path}/SciFact.json`,
        `${path}/model_meta.json`,
      ]);
      const { scores } = JSON.parse(files.get(`${path}/SciFact.json`)!) as { scores: { test: object[] } };
      expect(scores.test[0]).toMatchObject({
        main_score: 0.07,
        ndcg_at_10: 0.07,
        recall_at_100: 0.37,
        hf_subset: 'default',
      });
    }));

  test('refuses results of which mteb has no task', async () => {
    const report = await buildReport([result(bm25, { name: 'demo/computing' }, 0.5)]);
    await expect(writeReport(report, 'nowhere', ['mteb'])).rejects.toThrow(
      'no result covers a whole task that mteb has',
    );
  });

  test.skipIf(spawnSync('python3', ['-c', 'import mteb']).status !== 0)(
    'is read by the mteb package (skipped without it)',
    () =>
      withFolder(async (folder) => {
        await written(folder, 'mteb');
        const script = [
          'import json, mteb, sys',
          'results = mteb.ResultCache(sys.argv[1]).load_results(include_remote=False)',
          'print(json.dumps({m.model_name: {t.task_name: t.get_score() for t in m.task_results} for m in results.model_results}))',
        ].join('\n');
        const { stdout } = await promisify(execFile)('python3', ['-c', script, join(folder, 'mteb')]);
        const scores = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, Record<string, number>>;
        expect(Object.keys(scores)).toHaveLength(demoSystems.length + 1);
        expect(scores['sgpt-bench/bm25-elasticsearch']).toMatchObject({ NFCorpus: 0, SciFact: 0.07 });
      }),
    120_000,
  );
});

describe('drawings', () => {
  test('SVG is well-formed whatever the names, says what it shows, and asks for nothing', () =>
    withFolder(async (folder) => {
      const files = await written(folder, 'svg');
      expect(files.size).toBe(tasks.length + 1);
      for (const text of files.values()) {
        expect(text).toMatch(/^<svg role="img"[^>]*><title>.*<\/title><desc>nDCG@10 by parameters\./);
        expect(text).not.toMatch(/href="http|<script|@import/);
      }
    }));

  test('PNG is an image of twice the drawing’s size', () =>
    withFolder(async (folder) => {
      const report = await buildReport(
        [crossEncoders[0]!, hostile].map((system) => result(system, { name: 'demo/a' }, 0.5)),
      );
      const [path] = await writeReport(report, folder, ['png']);
      const bytes = await readFile(path!);
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      expect(bytes.readUInt32BE(16)).toBe(1520);
    }));
});

test('every format of a report is the same again, byte for byte', () =>
  withFolder(async (folder) => {
    const small = results.filter(({ record }) => record.task.name === 'beir/nfcorpus');
    const all = async (order: typeof small, name: string): Promise<[string, string][]> => {
      const paths = await writeReport(await buildReport(order), join(folder, name), reportFormats);
      return Promise.all(
        paths.map(async (path) => [path.slice(folder.length + name.length + 2), await readFile(path, 'base64')]),
      );
    };
    expect(await all([...small].reverse(), 'b')).toEqual(await all(small, 'a'));
  }));
