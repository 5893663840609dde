import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { startCli, type RunningCli } from '../helpers/cli.js';

/** A process that ends with the test. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli {
  const cli = startCli(args, env);
  onTestFinished(() => void cli.process.kill('SIGKILL'));
  return cli;
}

/** Process ids of a process's children that run a model. */
function modelProcesses({ process: { pid } }: RunningCli): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
        return parent === String(pid) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('session-worker');
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

/** Stops a process's model process for good, as soon as there is one. */
export async function stopModel(cli: RunningCli, when: () => Promise<boolean> | boolean): Promise<void> {
  while (modelProcesses(cli).length === 0 || !(await when())) await sleep(20);
  for (const pid of modelProcesses(cli)) process.kill(pid, 'SIGSTOP');
  onTestFinished(() => {
    for (const pid of modelProcesses(cli)) process.kill(pid, 'SIGKILL');
  });
}

export function shardsIn(store: string): number {
  return readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.vectors')).length;
}
