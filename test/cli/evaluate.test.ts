import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateCommand, evaluateFiles, type EvaluateOptions } from '../../src/cli/evaluate.js';
import { InputError } from '../../src/core/errors.js';

let folder = '';
let qrels = '';
let run = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
  qrels = await file('qrels.tsv', 'query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\nq2\tc\t1\nq3\td\t1\n');
  run = await file('run.trec', 'q1 Q0 x 1 3 t\nq1 Q0 a 2 2 t\nq2 Q0 c 1 1 t\nq9 Q0 c 1 1 t\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function evaluate(
  measures: string[],
  options: Partial<EvaluateOptions> = {},
  files: { qrels?: string; run?: string } = {},
): Promise<{ out: string; notes: string }> {
  const written = { out: '', notes: '' };
  const to = (key: 'out' | 'notes') => ({ write: (text: string) => void (written[key] += text) });
  const all = { format: 'tsv' as const, ...options };
  await evaluateFiles(files.qrels ?? qrels, files.run ?? run, measures, all, to('out'), to('notes'));
  return written;
}

describe('evaluate', () => {
  it('prints a line a measure and says what run and qrels do not share', async () => {
    const { out, notes } = await evaluate(['RR@10', 'P(rel=2)@2', 'nDCG@10']);
    const ndcg = (1 / Math.log2(3) + 1) / 2;
    expect(out).toBe(`RR@10\t0.7500\nP(rel=2)@2\t0.2500\nnDCG@10\t${ndcg.toFixed(4)}\n`);
    expect(notes).toBe(
      'note: 1 of 3 judged queries are not in the run; they are left out of means (--complete counts them 0)\n' +
        'note: 1 queries of the run are not judged; they are left out\n',
    );
  });

  it('has default measures', async () => {
    const { out } = await evaluate([]);
    expect(out.match(/^\S+/gm)).toEqual(['nDCG@10', 'AP@100', 'R@100', 'P@10', 'RR@10']);
  });

  it('prints queries, the complete average, other digits', async () => {
    const { out } = await evaluate(['RR'], { perQuery: true, complete: true, digits: 6 });
    expect(out).toBe('RR\tq1\t0.500000\nRR\tq2\t1.000000\nRR\tq3\t0.000000\nRR\tall\t0.500000\n');
  });

  it('takes unjudged documents out', async () => {
    const { out } = await evaluate(['RR', 'infAP'], { judgedOnly: true });
    expect(out).toBe('RR(judged_only=True)\t1.0000\ninfAP(judged_only=True)\t1.0000\n');
    await expect(evaluate(['RR', 'Judged@1'], { judgedOnly: true })).rejects.toThrow('Judged@1 looks at unjudged');
  });

  it('ranks infinite scores first and last, as trec_eval does, and refuses what is not a number', async () => {
    const infinite = await file('inf', 'q1 Q0 x 1 -inf t\nq1 Q0 a 2 1e39 t\nq1 Q0 b 3 5 t\nq1 Q0 c 4 +Infinity t\n');
    // c and a are equal, and c is first by id; then b, then x.
    for (const profile of [undefined, 'beir'])
      expect(
        (await evaluate(['RR', 'Success@1'], profile === undefined ? {} : { profile }, { run: infinite })).out,
      ).toMatch(profile === undefined ? /^RR\t0\.5000\nSuccess@1\t0\.0000/ : /^RR\t0\.50000/);
    const bad = await file('bad', 'q1 Q0 x 1 inf t\nq1 Q0 a 2 -nan t\n');
    await expect(evaluate(['RR'], {}, { run: bad })).rejects.toThrow('line 2: the score is "-nan"; expected a number');
  });

  it('refuses digits for JSON, which would be ignored', async () => {
    await expect(evaluate(['RR'], { format: 'json', digits: 3 })).rejects.toThrow(
      '--digits has no use with --format json',
    );
  });

  it("follows a profile: BEIR's rounding, denominators and removal of identical ids", async () => {
    const files = {
      qrels: await file('q', 'x\tx\tx\n1\ta\t1\n2\tb\t1\n3\tb\t1\n'),
      run: await file('r', '1 Q0 1 1 9 t\n1 Q0 b 2 8 t\n1 Q0 a 3 8 t\n2 Q0 b 1 1 t\n'),
    };
    // Of query 1, document 1 goes, and a is first of the tie for nDCG (id b before a), but b as in the file for RR.
    const { out } = await evaluate(['nDCG@10', 'RR@10', 'RR'], { profile: 'beir' }, files);
    const ndcg = (1 / Math.log2(3) + 1) / 2;
    expect(out).toBe(`nDCG@10\t${ndcg.toFixed(5)}\nRR@10\t0.50000\nRR\t0.75000\n`);
    const plain = await evaluate(['RR@10'], {}, files);
    expect(plain.out).toBe(`RR@10\t${((1 / 3 + 1) / 2).toFixed(4)}\n`);
  });

  it('prints JSON in full precision', async () => {
    const { out } = await evaluate(['nDCG@10'], { format: 'json', perQuery: true });
    expect(JSON.parse(out)).toEqual({
      qrels,
      run,
      average: 'intersection',
      identicalIds: 'keep',
      decimals: null,
      counts: { judged: 3, evaluated: 2, missing: 1, unjudged: 1 },
      means: { 'nDCG@10': (1 / Math.log2(3) + 1) / 2 },
      queries: [
        { id: 'q1', values: { 'nDCG@10': 1 / Math.log2(3) } },
        { id: 'q2', values: { 'nDCG@10': 1 } },
      ],
    });
  });

  it('gives the same for a run whose queries are not together', async () => {
    const scattered = await file('scattered', 'q1 Q0 x 1 3 t\nq2 Q0 c 1 1 t\nq9 Q0 c 1 1 t\nq1 Q0 a 2 2 t\n');
    expect(await evaluate(['RR', 'AP'], {}, { run: scattered })).toEqual(await evaluate(['RR', 'AP']));
  });

  it.each([
    ['a run for other queries', 'z Q0 a 1 1 t\n', "none of the run's 1 queries is in the qrels (3 queries)"],
    ['a broken run', 'q1 Q0 a 1 nan t\n', 'line 1: the score is "nan"'],
    ['an empty run', '', 'is empty'],
  ])('refuses %s and prints nothing', async (_, text, message) => {
    const bad = await file('bad', text);
    await expect(evaluate([], {}, { run: bad })).rejects.toThrow(InputError);
    await expect(evaluate([], {}, { run: bad })).rejects.toThrow(`${bad}: ${message}`);
  });

  it('refuses an unknown measure before it reads a file', async () => {
    await expect(evaluate(['nDGC@10'], {}, { run: '/nowhere', qrels: '/nowhere' })).rejects.toThrow(
      'did you mean "nDCG"?',
    );
  });
});

describe('the command', () => {
  it('has a help text that names every option and measure', () => {
    let help = '';
    evaluateCommand()
      .configureOutput({ writeOut: (text) => (help += text) })
      .outputHelp();
    for (const word of ['--per-query', '--complete', '--judged-only', '--profile', '--digits', 'nDCG_exp@k', 'infAP'])
      expect(help).toContain(word);
  });

  it('loads no package but its argument parser and the small reader of TSV, so that it starts at once', () => {
    const seen = new Set<string>();
    const visit = (url: URL): void => {
      if (seen.has(url.href)) return;
      seen.add(url.href);
      for (const [, what] of readFileSync(url, 'utf8').matchAll(
        /^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm,
      )) {
        if (what!.startsWith('.')) visit(new URL(what!.replace(/\.js$/, '.ts'), url));
        else if (!what!.startsWith('node:')) seen.add(what!);
      }
    };
    visit(new URL('../../src/cli/evaluate.ts', import.meta.url));
    expect(seen.size).toBeGreaterThan(10);
    expect([...seen].filter((name) => !name.startsWith('file:'))).toEqual(['commander', 'csv-parse/sync']);
  });
});
