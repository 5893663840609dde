/**
 * Compares `sgpt-bench evaluate`, reading included, with pytrec_eval and ir_measures on one run: 10,000 queries, 1000
 * documents and 100 judgements each unless told otherwise. All three print their means, which must be equal.
 *
 *     npm run build && npx tsx tools/bench/evaluate.ts [QUERIES]
 *
 * The Python programs are run where `python3`, or the interpreter named by PYTHON, has them (tools/goldens/measures/
 * requirements.txt).
 */
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { RandomSource } from '../../src/measures/random.js';

const depth = 1000;
const judgedDocuments = 100;
const measures = ['nDCG@10', 'AP@100', 'R@100', 'P@10', 'RR'];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Timing {
  readonly name: string;
  readonly seconds: number;
  /** Largest resident set, in MiB; null where the system does not tell. */
  readonly memory: number | null;
  readonly output: string;
}

async function main(): Promise<void> {
  const queries = Number(process.argv[2] ?? 10_000);
  const folder = await mkdtemp(join(tmpdir(), 'bench-evaluate-'));
  try {
    const [qrels, run] = [join(folder, 'qrels'), join(folder, 'run')];
    const random = new RandomSource(1);
    await pipeline(Readable.from(runLines(queries, random)), createWriteStream(run));
    await pipeline(Readable.from(qrelsLines(queries, random)), createWriteStream(qrels));
    const size = ((await stat(run)).size / 2 ** 20).toFixed(0);
    console.log(`${queries} queries x ${depth} documents, ${judgedDocuments} judgements a query; run file ${size} MiB`);
    console.log(`${cpus()[0]?.model ?? 'unknown processor'}, node ${process.version}\n`);
    const python = process.env['PYTHON'] ?? 'python3';
    const digits = ['--digits', '9'];
    const programs: [string, string, string[]][] = [
      [
        'sgpt-bench',
        process.execPath,
        [here('../../dist/cli/main.js'), 'evaluate', qrels, run, ...measures, ...digits],
      ],
      ['pytrec_eval', python, [here('evaluate.py'), 'pytrec_eval', qrels, run]],
      ['ir_measures', python, [here('evaluate.py'), 'ir_measures', qrels, run]],
    ];
    const timings: Timing[] = [];
    for (const [name, command, args] of programs) {
      const timing = await timed(name, command, args);
      if (typeof timing === 'string') console.log(`${name}: skipped (${timing})`);
      else timings.push(timing);
    }
    report(timings);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function* runLines(queries: number, random: RandomSource): Generator<string> {
  for (let query = 0; query < queries; query++) {
    let text = '';
    let score = 30;
    for (let rank = 1; rank <= depth; rank++) {
      score -= random.below(20_000) / 1e6;
      text += `${query} Q0 doc${documentAt(query, rank)} ${rank} ${score.toFixed(6)} bench\n`;
    }
    yield text;
  }
}

function* qrelsLines(queries: number, random: RandomSource): Generator<string> {
  for (let query = 0; query < queries; query++) {
    const ranks = new Set<number>();
    while (ranks.size < judgedDocuments) ranks.add(1 + random.below(depth + 50));
    let text = '';
    for (const rank of ranks) text += `${query} 0 doc${documentAt(query, rank)} ${Math.max(0, random.below(5) - 2)}\n`;
    yield text;
  }
}

/** A million documents, each query's in another order: the multiplier has no factor in common with a million. */
function documentAt(query: number, rank: number): number {
  return ((query * 1050 + rank) * 7_368_787) % 1_000_000;
}

/** @returns the reason where the program cannot be run */
async function timed(name: string, command: string, args: string[]): Promise<Timing | string> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  let memory: number | null = null;
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const watch = setInterval(() => (memory = residentPeak(child.pid) ?? memory), 20);
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (status) => {
      resolve(status ?? 'killed');
    });
  });
  clearInterval(watch);
  const seconds = (performance.now() - start) / 1000;
  if (code === 0) return { name, seconds, memory, output };
  return typeof code === 'string' ? code : (errors.trim().split('\n').at(-1) ?? `exit code ${code}`);
}

/** Linux tells the peak of a running process. */
function residentPeak(pid: number | undefined): number | null {
  try {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
    const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) / 1024;
  } catch {
    return null;
  }
}

function report(timings: readonly Timing[]): void {
  for (const { name, seconds, memory } of timings) {
    const size = memory === null ? '' : `${memory.toFixed(0).padStart(6)} MiB`;
    console.log(`${name.padEnd(12)}${seconds.toFixed(2).padStart(8)} s${size}`);
  }
  const [ours, ...others] = timings;
  for (const other of others) {
    const same = differenceOf(ours!.output, other.output) < 1e-8;
    const factor = (other.seconds / ours!.seconds).toFixed(2);
    console.log(`\nagainst ${other.name}: ${factor}x the speed, ${same ? 'equal' : 'DIFFERENT'} means`);
    if (!same) process.exitCode = 1;
  }
  console.log(`\n${ours?.output.trim() ?? ''}`);
}

function differenceOf(a: string, b: string): number {
  const values = (text: string): number[] => {
    const lines = text.trim().split('\n');
    return lines.map((line) => Number(line.split('\t')[1]));
  };
  const [x, y] = [values(a), values(b)];
  return Math.max(...measures.map((_, i) => Math.abs(x[i]! - y[i]!)));
}

await main();
