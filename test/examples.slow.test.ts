import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, writeFiles } from './helpers/folder.js';

const root = join(import.meta.dirname, '..');

/** What each example prints, somewhere. */
const prints: Readonly<Record<string, RegExp>> = {
  'bench.ts': /BM25 elasticsearch {2}nDCG@10 0\.6544[^]*weightedmean {2}nDCG@10 0\.0916[^]*ap_twitter_avg 0\.6976/,
  'compare.ts': /nDCG@10/,
  'encode.ts': /weightedmean \(96 dimensions\): -?0\.\d{3} {2}-?0\.\d{3}\nmean[^]*lasttoken/,
  'evaluate.ts': /beir: 1 query without a ranking\n {2}nDCG@10\t0\.8801[^]*trec_eval[^]*nDCG@10\t0\.5867/,
  'gate.ts': /2 passed[^]*passed\n$/,
  'own-runner.ts': /'nDCG@10': 0\.47755/,
  'report.ts': /BM25 elasticsearch +0\.6544\*\nOracle +0\.9116[^]*3 files/,
  'rerank.ts': /how to free disk space: -\d+\.\d\d and -\d+\.\d\d/,
  'search.ts': /BM25: b 3\.007, a 1\.093\ncosine: b 0\.990, c 0\.707/,
  'tasks.ts': /BEIR: 19 tasks, 18 in its average[^]*stands for 12 tasks[^]*286 documents, 60 queries/,
};

describe('the examples', () => {
  it('are all listed and tried', () => {
    const files = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));
    expect(files.sort()).toEqual(Object.keys(prints).sort());
    const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
    for (const file of files) expect(readme).toContain(`[${file}](${file})`);
  });

  it.each(Object.entries(prints))('%s', async (file, expected) => {
    // Without this project's own mapping to its sources, the package is imported as by anyone else.
    const folder = temporaryFolder();
    await writeFiles(folder, { 'tsconfig.json': '{"compilerOptions": {"module": "NodeNext"}}' });
    const { stdout } = await promisify(execFile)('node', ['--import', 'tsx', join('examples', file)], {
      cwd: root,
      env: { ...process.env, TSX_TSCONFIG_PATH: join(folder, 'tsconfig.json') },
    });
    expect(stdout).toMatch(expected);
  });
});
