/**
 * How fast, and in how much memory, a large corpus is read: beside `cat` with a bare JSON.parse of each line, and beside
 * beir's GenericDataLoader where a Python has it.
 *
 *   npx tsx tools/bench/load.ts [--documents 1000000] [--words 50] [--rounds 3] [--python python3]
 *
 * Every measurement runs in a process of its own; rounds go through all of them in turn, so that a busy machine
 * disturbs each alike. Printed are medians, and rates against the first line.
 */
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { parseArgs } from 'node:util';
import { JsonlCorpus } from '../../src/datasets/jsonl-corpus.js';

interface Measurement {
  readonly seconds: number;
  /** Peak resident memory in bytes. */
  readonly peak: number;
}

interface Work {
  readonly documents: number;
  readonly seconds: number;
}

/** What is measured inside a process of its own. */
const works: Readonly<Record<string, (path: string) => Promise<Work>>> = {
  bare: () => timed(bareParse),
  open: (path) =>
    timed(async () => {
      const corpus = await JsonlCorpus.open(path);
      await corpus.close();
      return corpus.size;
    }),
  async stream(path) {
    const corpus = await JsonlCorpus.open(path);
    const work = await timed(() => stream(corpus));
    await corpus.close();
    return work;
  },
  both: (path) => timed(async () => stream(await JsonlCorpus.open(path))),
};

async function timed(work: () => Promise<number>): Promise<Work> {
  const start = performance.now();
  const documents = await work();
  return { documents, seconds: (performance.now() - start) / 1000 };
}

async function stream(corpus: JsonlCorpus): Promise<number> {
  let documents = 0;
  for await (const { id } of corpus.documents()) if (id !== '') documents++;
  return documents;
}

async function bareParse(): Promise<number> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let documents = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      JSON.parse(line);
      documents++;
    }
  }
  return documents;
}

const python = `
import json, resource, sys, time
from beir.datasets.data_loader import GenericDataLoader
start = time.perf_counter()
corpus = GenericDataLoader(sys.argv[1]).load_corpus()
seconds = time.perf_counter() - start
print(json.dumps({"documents": len(corpus), "seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
`;

async function child(work: string, path: string): Promise<void> {
  process.stdout.write(
    JSON.stringify({ ...(await works[work]!(path)), peak: process.resourceUsage().maxRSS * 1024 }) + '\n',
  );
}

/** A corpus of random words, every hundredth beyond ASCII; the same one each time. */
async function generate(path: string, documents: number, words: number): Promise<void> {
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const letters = (count: number): string =>
    Array.from({ length: count }, () => String.fromCharCode(97 + random(26))).join('');
  const vocabulary = Array.from({ length: 5000 }, (_, i) => letters(2 + random(9)) + (i % 100 === 0 ? 'é' : ''));
  const text = (count: number): string => Array.from({ length: count }, () => vocabulary[random(5000)]).join(' ');
  const file = createWriteStream(path);
  let lines = '';
  for (let i = 0; i < documents; i++) {
    lines += JSON.stringify({
      _id: String(7 * i + 3),
      title: text(4),
      text: text(1 + random(2 * words)),
      metadata: {},
    });
    lines += '\n';
    if (lines.length < 1 << 20) continue;
    if (!file.write(lines)) await once(file, 'drain');
    lines = '';
  }
  file.end(lines);
  await once(file, 'finish');
}

function run(command: string, args: readonly string[]): Measurement & { documents: number } {
  const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.trim().split('\n').at(-1)!) as Measurement & { documents: number };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function hasBeir(pythonPath: string): boolean {
  try {
    execFileSync(pythonPath, ['-c', 'import beir'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      documents: { type: 'string', default: '1000000' },
      words: { type: 'string', default: '50' },
      rounds: { type: 'string', default: '3' },
      python: { type: 'string', default: 'python3' },
      child: { type: 'string' },
      corpus: { type: 'string' },
    },
  });
  if (values.child !== undefined) {
    await child(values.child, values.corpus ?? '');
    return;
  }
  const documents = Number(values.documents);
  const folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-load-'));
  try {
    const path = join(folder, 'corpus.jsonl');
    await generate(path, documents, Number(values.words));
    const script = [...process.execArgv, import.meta.filename].map((word) => `'${word}'`).join(' ');
    const ours = (work: string): string[] => [
      '-c',
      `'${process.execPath}' ${script} --child ${work} --corpus '${path}'`,
    ];
    const systems: [string, () => Measurement & { documents: number }][] = [
      ['cat, bare JSON.parse', () => run('sh', ['-c', `cat '${path}' | ${ours('bare')[1]!}`])],
      ['open: check and index', () => run('sh', ours('open'))],
      ['stream documents', () => run('sh', ours('stream'))],
      ['open and stream', () => run('sh', ours('both'))],
    ];
    if (hasBeir(values.python)) {
      systems.push(['beir GenericDataLoader', () => run(values.python, ['-c', python, folder])]);
    } else process.stderr.write(`${values.python} has no beir: GenericDataLoader is left out\n`);
    report(systems, Number(values.rounds), documents, statSync(path).size);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(
  systems: readonly [string, () => Measurement & { documents: number }][],
  rounds: number,
  documents: number,
  bytes: number,
): void {
  const measurements = new Map<string, Measurement[]>(systems.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of systems) {
      const measurement = measure();
      if (measurement.documents !== documents) throw new Error(`${name} saw ${measurement.documents} documents`);
      measurements.get(name)!.push(measurement);
    }
  }
  process.stdout.write(`${documents} documents, ${(bytes / 1e6).toFixed(0)} MB, ${rounds} rounds, medians\n`);
  const first = median([...measurements.values()][0]!.map(({ seconds }) => seconds));
  for (const [name, all] of measurements) {
    const seconds = median(all.map((each) => each.seconds));
    const peak = median(all.map((each) => each.peak));
    const columns = [
      `${seconds.toFixed(2)} s`,
      `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`,
      `${(peak / 1e6).toFixed(0)} MB`,
    ];
    process.stdout.write(`${name.padEnd(24)}${columns.map((column) => column.padStart(12)).join('')}`);
    process.stdout.write(`   ${(first / seconds).toFixed(2)} of the first\n`);
  }
}

await main();
