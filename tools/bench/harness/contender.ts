import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** One measurement of a contender. */
export interface Sample {
  /** Seconds by phase; a job without phases has one, `total`. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Processor seconds, user and system, all threads; where the contender tells. */
  readonly cpu?: number;
  /** Largest resident memory of the process so far, in MiB. */
  readonly peak?: number;
  /** What was computed, in a form that tells whether two contenders agree. */
  readonly output?: string;
}

/** A program that does a job. */
export interface Contender {
  readonly name: string;
  /** Versions, threads and settings. */
  readonly about: string;
  measure(): Promise<Sample>;
  close(): Promise<void>;
}

/** A contender that cannot be measured here, and why. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

export const python = process.env['SGPT_BENCH_PYTHON'] ?? 'python3';

/** A file of this folder, by its path from here. */
export function benchFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** Where tsc puts the compiled programs of own/. */
export function ownProgram(name: string): string {
  return fileURLToPath(new URL(`../../../node_modules/.cache/sgpt-bench/tools/bench/own/${name}.js`, import.meta.url));
}

type Parameters = Readonly<Record<string, string | number | boolean>>;

/** This project, in a process that prepares once and is measured many times (own/serve.ts). */
export function startOwn(name: string, program: string, parameters: Parameters): Promise<Contender | Absent> {
  return startServer(name, process.execPath, ['--expose-gc', ownProgram(program), JSON.stringify(parameters)]);
}

/** A Python program, likewise (peers/serve.py). */
export function startPeer(name: string, program: string, parameters: Parameters): Promise<Contender | Absent> {
  return startServer(name, python, [benchFile(`peers/${program}.py`), JSON.stringify(parameters)]);
}

/** Line by line: it says what it is, or that it cannot; then each "run" is answered with a {@link Sample}. */
async function startServer(name: string, command: string, args: readonly string[]): Promise<Contender | Absent> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const answers = answersOf(child);
  const first = await answers();
  if (typeof first === 'string') return { name, reason: first };
  const { about, missing } = first as { about?: string; missing?: string };
  if (missing !== undefined) return { name, reason: missing };
  return {
    name,
    about: about ?? '',
    async measure(): Promise<Sample> {
      child.stdin.write('run\n');
      const answer = await answers();
      if (typeof answer === 'string') throw new Error(`${name} failed: ${answer}`);
      return answer as Sample;
    },
    async close(): Promise<void> {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

/** The answers of a process one by one: what its next line says, or, if there is none, what it said last on stderr. */
function answersOf(child: ChildProcessByStdio<Writable, Readable, Readable>): () => Promise<object | string> {
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const errors = lastErrors(child);
  const failed = once(child, 'error').then(([error]) => String(error));
  return async () => {
    const next = await Promise.race([lines.next(), failed]);
    if (typeof next === 'string') return next;
    return next.done === true ? errors() : (JSON.parse(next.value) as object);
  };
}

function lastErrors(child: ChildProcess): () => string {
  let text = '';
  child.stderr!.on('data', (data: Buffer) => (text = (text + data.toString()).slice(-4000)));
  return () => {
    const lines = text.trim().split('\n');
    return lines.findLast((line) => line.includes('Error')) ?? lines.at(-1)!;
  };
}

/**
 * A command that is started anew for each measurement: its start counts.
 * @param check receives the output, and throws if it is wrong
 */
export function command(name: string, about: string, argv: readonly [string, ...string[]]): Contender {
  return {
    name,
    about,
    async measure(): Promise<Sample> {
      const start = performance.now();
      const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
      const errors = lastErrors(child);
      let output = '';
      let peak: number | undefined;
      child.stdout.on('data', (data: Buffer) => (output += data.toString()));
      const watch = setInterval(() => (peak = residentPeak(child.pid) ?? peak), 20);
      const [code] = (await once(child, 'close')) as [number | null];
      clearInterval(watch);
      const seconds = { total: (performance.now() - start) / 1000 };
      if (code !== 0) throw new Error(`${name} failed: ${errors()}`);
      return { seconds, output, ...(peak === undefined ? {} : { peak }) };
    },
    close: () => Promise.resolve(),
  };
}

/**
 * A contender that needs a Python package, or why there is none.
 * @param make receives the package with its version
 */
export async function withPackage(
  name: string,
  packageName: string,
  make: (about: string) => Contender,
): Promise<Contender | Absent> {
  const script = `import importlib.metadata as m; print(m.version('${packageName}'))`;
  try {
    const { output } = await command(name, '', [python, '-c', script]).measure();
    return make(`${packageName} ${output!.trim()}`);
  } catch {
    return { name, reason: `${python} has no ${packageName}` };
  }
}

/** Linux tells the peak of a running process. */
function residentPeak(pid: number | undefined): number | undefined {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
  } catch {
    return undefined;
  }
}
