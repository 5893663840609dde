import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verbs } from '../../src/cli/verbs.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';

const root = join(import.meta.dirname, '../..');
const preload = pathToFileURL(join(root, 'test/helpers/list-modules.mjs')).href;

/** Packages that take long to load. */
const heavy = [
  ...['echarts', 'mathjs', 'tabulator-tables', 'sharp', 'onnxruntime-node', '@xenova/transformers'],
  ...['bullmq', 'ioredis', '@aws-sdk/client-s3', '@opensearch-project/opensearch'],
];

interface Loaded {
  /** npm packages. */
  readonly packages: readonly string[];
  /** Names of the verbs whose modules were loaded. */
  readonly verbs: readonly string[];
  /** The program's own modules, relative to dist. */
  readonly own: readonly string[];
}

/** Runs the command line, which must succeed, and lists the modules that it loaded. */
async function loadedBy(args: readonly string[]): Promise<Loaded> {
  const file = join(temporaryFolder(), 'modules');
  const { status, stderr } = await runCli(args, { NODE_OPTIONS: `--import ${preload}`, MODULES_FILE: file });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const urls = readFileSync(file, 'utf8').trim().split('\n');
  const packages = urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  const own = urls.flatMap((url) => /\/dist\/(?!.*node_modules)(.+)\.js$/.exec(url)?.[1] ?? []);
  return {
    packages: [...new Set(packages)].sort(),
    verbs: verbs.map(({ name }) => name).filter((name) => own.includes(`cli/${name}`)),
    own,
  };
}

const qrels = join(root, 'datasets/demo/qrels/test.tsv');

describe('the modules that a command loads', () => {
  it('--help: those of no verb', async () => {
    const loaded = await loadedBy(['--help']);
    expect(loaded.packages).toEqual(['commander']);
    expect(loaded.verbs).toEqual([]);
  });

  it('help of a verb: those of this verb', async () => {
    expect((await loadedBy(['merge', '--help'])).verbs).toEqual(['merge']);
    expect((await loadedBy(['help', 'merge'])).verbs).toEqual(['merge']);
  });

  it('run of BM25, and evaluate of its run file: no model, chart, statistics, queue or bucket', async () => {
    const output = temporaryFolder();
    const run = await loadedBy(['run', '--task', 'demo/computing', '--runner', 'bm25', '--output', output, '--json']);
    expect(run.packages).toContain('zod');
    expect(run.packages.filter((name) => heavy.includes(name))).toEqual([]);
    expect(run.verbs).toEqual(['run']);
    expect(run.own.filter((module) => module.startsWith('remote/'))).toEqual([]);
    const [runFile] = readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.trec.gz'),
    );
    const evaluate = await loadedBy(['evaluate', qrels, join(output, runFile!)]);
    expect(evaluate.packages).toEqual(['commander', 'csv-parse']);
    expect(evaluate.verbs).toEqual(['evaluate']);
    // What is loaded by `require` is listed, too.
    expect((await loadedBy(['compare', output, output])).packages).toContain('mathjs');
  });
});
