import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { providers } from './providers.js';

/** Starts session-worker.js as a process, or session-worker.ts through tsx where the sources run without having been compiled. */
export function startWorker(): ChildProcess {
  const compiled = import.meta.url.endsWith('.js');
  const path = fileURLToPath(new URL(compiled ? './session-worker.js' : './session-worker.ts', import.meta.url));
  return fork(path, {
    execArgv: compiled ? [] : ['--import', import.meta.resolve('tsx')],
    // Structured clone: typed arrays stay typed arrays.
    serialization: 'advanced',
    env: Object.assign(
      { ...process.env },
      ...Object.values(providers).map(({ environment }) => environment),
    ) as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}
