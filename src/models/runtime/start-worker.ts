import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { providers } from './providers.js';

/** Starts a worker process: session-worker.js, or session-worker.ts through tsx if the sources are not compiled. */
export function startWorker(): ChildProcess {
  const compiled = import.meta.url.endsWith('.js');
  const path = fileURLToPath(new URL(compiled ? './session-worker.js' : './session-worker.ts', import.meta.url));
  return fork(path, {
    execArgv: compiled ? [] : ['--import', import.meta.resolve('tsx')],
    // Structured cloning, which preserves typed arrays.
    serialization: 'advanced',
    env: Object.assign(
      { ...process.env },
      ...Object.values(providers).map(({ environment }) => environment),
    ) as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}
