import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a case may take. */
export interface Limits {
  readonly seconds: number;
  readonly mebibytes: number;
}

/** How a process ended. */
export interface Outcome {
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Peak resident memory of the process and its children together; 0 where the system does not tell. */
  readonly mebibytes: number;
  /** The limit that ended it. */
  readonly exceeded: 'time' | 'memory' | null;
}

const pollMilliseconds = 50;
const maxOutput = 1 << 20;

/** Runs the command line in a process of its own, and ends it, with its children, beyond the limits. */
export function runLimited(command: readonly string[], folder: string, limits: Limits): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, command, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < maxOutput) output[name] += text;
      });
    let [peak, exceeded]: [number, Outcome['exceeded']] = [0, null];
    const end = (reason: NonNullable<Outcome['exceeded']>): void => {
      exceeded ??= reason;
      // The group of a detached process has its children, too.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const poll = setInterval(() => {
      peak = Math.max(peak, residentMebibytes(child.pid!));
      if (peak > limits.mebibytes) end('memory');
      else if (performance.now() - start > limits.seconds * 1000) end('time');
    }, pollMilliseconds);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(poll);
      const seconds = (performance.now() - start) / 1000;
      resolve({ status: code ?? signal!, ...output, seconds, mebibytes: Math.round(peak), exceeded });
    });
  });
}

/** Resident memory of a process and its children, from /proc. */
function residentMebibytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    return (pages * 4096) / 2 ** 20 + children.reduce((sum, child) => sum + residentMebibytes(Number(child)), 0);
  } catch {
    return 0; // ended, or a system without /proc
  }
}
