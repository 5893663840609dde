import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultRecord } from '../src/results/record.js';
import { smallModels } from './helpers/small-task.js';

/**
 * The guides in docs/ promise which files of src a change touches. Here the changes are made, in a copy of the sources, in just
 * those files; then the copy is compiled and used.
 */
const root = join(import.meta.dirname, '..');
let copy: string;

interface Change {
  readonly guide: string;
  /** The most files of src that the guide's promise allows. */
  readonly most: number;
  /** For each file: what stands there, and what it is replaced by; null for a new file. */
  readonly files: Readonly<Record<string, readonly [string | null, string]>>;
}

const changes: Readonly<Record<string, Change>> = {
  measure: {
    guide: 'add-a-measure.md',
    most: 2,
    files: {
      'src/measures/precision.ts': [
        'export const precisionFamilies = [',
        `export const precisionFamilies = [
  defineFamily({
    name: 'P_strict',
    description: 'share of the first k ranks that has a grade of 2 or more',
    source: 'this test',
    cutoff: 'required',
    options: {},
    make: ({ cutoff }) => ({ grades }) => grades.slice(0, cutoff).filter((grade) => grade >= 2).length / cutoff,
  }),`,
      ],
    },
  },
  pooling: {
    guide: 'add-a-pooling.md',
    most: 2,
    files: {
      'src/models/pooling/pooling-table.ts': [
        'export const poolingTable = {',
        `export const poolingTable = {
  logweightedmean: {
    description: 'as weightedmean, but flatter',
    source: 'this test',
    takes: 'one',
    inAll: false,
    sentenceTransformers: null,
    nodes: (texts, hidden) =>
      texts.weightedMean(
        texts.once('log weights', () => {
          const { graph } = texts;
          return graph.op('Log', [graph.op('Add', [texts.positionsFromOne(), graph.scalar(1)])]);
        }),
        hidden,
      ),
  },`,
      ],
    },
  },
  'report format': {
    guide: 'add-a-report-format.md',
    most: 2,
    files: {
      'src/reports/formats/names.ts': [
        null,
        `import type { Report } from '../model/model.js';

/** The labels of all systems, a line each. */
export function renderNames({ systems }: Report): string {
  return systems.map(({ label }) => label + '\\n').join('');
}
`,
      ],
      'src/reports/write.ts': [
        'const formats = [',
        `const formats = [
  {
    name: 'names',
    description: 'labels of systems',
    files: async (report) => [
      { name: 'names.txt', data: (await import('./formats/names.js')).renderNames(report) },
    ],
  },`,
      ],
    },
  },
  option: {
    guide: 'add-an-option.md',
    most: 2,
    files: {
      'src/core/system-fields.ts': [
        'export const systemFields = {',
        `export const systemFields = {
  shout: field(z.enum(['no', 'yes']).default('no'), {
    ...{ key: 'vectors', job: 'sent', record: 'settings', omittedValue: 'no', models: 'local', group: 'bi-encoders' },
    why: 'this test is about local models',
    value: '<yes|no>',
    help: 'put texts into upper case',
  }),`,
      ],
    },
  },
  'option, listed': {
    guide: 'add-an-option.md',
    most: 1,
    files: {
      'src/core/system-fields.ts': ['export const encoderFields = [', "export const encoderFields = ['shout', "],
    },
  },
  'option, done': {
    guide: 'add-an-option.md',
    most: 1,
    files: {
      'src/models/encoding/text-preparation.ts': [
        'attention: request.attention, device: request.device }',
        'attention: request.attention, device: request.device, shout: request.shout }',
      ],
    },
  },
};

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'sgpt-bench-extending-'));
  for (const name of ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'datasets', 'models'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

afterAll(() => {
  rmSync(copy, { recursive: true });
});

function apply({ files }: Change): void {
  for (const [file, [before, after]] of Object.entries(files)) {
    const path = join(copy, file);
    const source = before === null ? '' : readFileSync(path, 'utf8');
    if (before !== null && source.split(before).length !== 2) throw new Error(`${file}: expected "${before}" once`);
    writeFileSync(path, before === null ? after : source.replace(before, () => after));
  }
}

function compile(): string {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: copy, encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

async function run(args: readonly string[]): Promise<string> {
  const command = [join(copy, 'dist/cli/main.js'), ...args];
  return (await promisify(execFile)(process.execPath, command, { cwd: copy })).stdout;
}

describe('the guides', () => {
  it.each(readdirSync(join(root, 'docs')).filter((name) => name.startsWith('add-')))(
    '%s names files that exist, or are to be made',
    (page) => {
      const text = readFileSync(join(root, 'docs', page), 'utf8');
      const named = [...text.matchAll(/`((?:src|test|tools)\/[\w./-]+)`/g)].map(([, path]) => path!);
      expect(named.length).toBeGreaterThan(0);
      const made = /NAME|FAMILY|\/X\./;
      for (const path of named) if (!made.test(path)) expect(existsSync(join(root, path)), path).toBe(true);
    },
  );

  it.each(Object.entries(changes))('%s: touches no file that its guide does not name', (_, { guide, most, files }) => {
    const text = readFileSync(join(root, 'docs', guide), 'utf8');
    expect(Object.keys(files).length).toBeLessThanOrEqual(most);
    for (const file of Object.keys(files)) {
      const generic = file.replace(/(precision|names)\.ts$/, (name) => (name.startsWith('p') ? 'FAMILY.ts' : 'X.ts'));
      expect(text.includes(file) || text.includes(generic), file).toBe(true);
    }
  });
});

describe('a copy of the sources', () => {
  it('takes a measure, a pooling and a report format', { timeout: 300_000 }, async () => {
    for (const kind of ['measure', 'pooling', 'report format']) apply(changes[kind]!);
    expect(compile()).toBe('');
    const common = ['--output', 'results', '--quiet', '--threads', '2'];
    const systems = ['--model', smallModels.biEncoder, '--pooling', 'logweightedmean,mean'];
    await run(['run', '--task', 'demo/computing', ...systems, '--measure', 'P_strict@5', ...common]);
    await run(['report', 'results', '--format', 'names', '--output', 'report']);
    expect(readFileSync(join(copy, 'report/names.txt'), 'utf8')).toMatch(/logweightedmean\n.* mean\n/);
    const records = await run(['run', '--task', 'demo/computing', ...systems, '--json', ...common]);
    expect(records).toContain('"P_strict@5"');
    expect(await run(['evaluate', '--help'])).toContain('P_strict@k');
    expect(await run(['report', '--help'])).toContain('names');
  });

  it('takes an option in two files, and does not compile before it is used', { timeout: 300_000 }, async () => {
    apply(changes['option']!);
    apply(changes['option, listed']!);
    expect(compile().match(/error TS/g)).toHaveLength(1);
    expect(compile()).toMatch(/^src\/models\/encoding\/text-preparation\.ts.*\n.*Property 'shout' is missing/);
    apply(changes['option, done']!);
    expect(compile()).toBe('');
    const args = ['run', '--task', 'demo/useb/twitterpara', '--model', smallModels.biEncoder, '--limit-queries', '3'];
    const settings = async (more: readonly string[]): Promise<unknown> => {
      const [record] = JSON.parse(await run([...args, ...more, '--json', '--quiet'])) as ResultRecord[];
      return record!.system.settings['shout'];
    };
    expect(await settings([])).toBeUndefined();
    expect(await settings(['--shout', 'yes'])).toBe('yes');
  });
});
