import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { python } from './contender.js';

/** What a figure depends on besides the program. */
export type Machine = Readonly<Record<string, string>>;

export function describeMachine(threads: number): Machine {
  const { version } = readJson('package.json');
  const { version: runtime } = readJson('node_modules/onnxruntime-node/package.json');
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${process.platform} ${release()} ${process.arch}`,
    versions: `sgpt-bench ${version}, node ${process.version}, onnxruntime-node ${runtime}, ${pythonVersion()}`,
    threads: `${threads} for every program that takes a number of threads`,
    'load at the start': loadavg()[0]!.toFixed(1),
  };
}

function readJson(path: string): { version: string } {
  return JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')) as { version: string };
}

function pythonVersion(): string {
  try {
    return execFileSync(python, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return 'no Python';
  }
}
