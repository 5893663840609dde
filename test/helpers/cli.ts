import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface CliResult {
  /** Exit status, or the signal that ended the process. */
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly finished: Promise<CliResult>;
}

/** The command line's main module, as it is shipped (see build.ts). */
const ownProgram = join(root, 'dist/cli/main.js');

/**
 * Starts the command line in a process of its own.
 * @param program the main module of another copy of this program
 */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = ownProgram,
): RunningCli {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const finished = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ status: code ?? signal!, ...output });
    });
  });
  return { process: child, finished };
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult> {
  return startCli(args, env).finished;
}
