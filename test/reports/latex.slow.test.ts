import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildReport, writeReport } from '../../src/reports/index.js';
import { biEncoders, bm25, result, withFolder } from './fixtures.js';

const labels = [
  ...[
    '[1] x',
    '*',
    '* x',
    '[',
    ']',
    '\\\\[2em]',
    '\\input{/etc/passwd}',
    '50% & a_b #1 {x}',
    '~^ "q" \'s\' `t` <i> | ,,',
  ],
  ...[
    '日本語',
    '你好 😀',
    'مرحبا',
    'שלום',
    'привет',
    'Łódź é ß',
    '—–“”‘’…·×÷',
    '👩‍👩‍👧‍👦',
    '\u0001\u007f\ufffe\u202e',
    '\ud800',
  ],
  ...['a\n\nb', '', ' ', 'x'.repeat(300)],
];

/** Labels of any characters, the same ones every time. */
const anyLabels = fc.sample(fc.string({ unit: 'binary', minLength: 1 }), { numRuns: 200, seed: 14 });

/** A report that has each label as a row, as a column and in its title. */
async function writeLabels(folder: string, texts: readonly string[]): Promise<void> {
  const systems = [bm25, ...texts.slice(0, 8).map((name) => ({ ...biEncoders[0]!, name }))];
  const results = systems.flatMap((system, s) =>
    texts.map((text, t) => result(system, { name: `${text}${t}` }, ((s * 31 + t * 7) % 90) / 100)),
  );
  await writeReport(await buildReport(results, { title: texts.join(' ') }), folder, ['latex']);
}

const options = ['-interaction=nonstopmode', '-halt-on-error', '-no-shell-escape', 'report.tex'];

for (const program of ['pdflatex', 'lualatex', 'xelatex']) {
  const isThere = spawnSync(program, ['--version']).status === 0;
  test.skipIf(!isThere)(`compiles with ${program}, whatever the labels (skipped without ${program})`, () =>
    withFolder(async (folder) => {
      for (const texts of [labels, anyLabels]) {
        await writeLabels(folder, texts);
        const { stdout } = await promisify(execFile)(program, options, { cwd: folder, maxBuffer: 1 << 26 });
        expect(stdout).toMatch(/Output written on report\.pdf \(\d+ pages/);
        expect((await readFile(join(folder, 'report.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
      }
    }),
  );
}
