import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts worker.js as a process, or worker.ts through tsx where the sources run without having been compiled. */
export function startWorker(): ChildProcess {
  const compiled = import.meta.url.endsWith('.js');
  const path = fileURLToPath(new URL(compiled ? './worker.js' : './worker.ts', import.meta.url));
  return fork(path, {
    execArgv: compiled ? [] : ['--import', import.meta.resolve('tsx')],
    // Structured clone: typed arrays stay typed arrays.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}
