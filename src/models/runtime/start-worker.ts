import { Worker } from 'node:worker_threads';
import type { SessionSpec } from './messages.js';

/** Starts worker.js, or worker.ts through tsx where the sources run without having been compiled. */
export function startWorker(spec: SessionSpec): Worker {
  if (import.meta.url.endsWith('.js'))
    return new Worker(new URL('./worker.js', import.meta.url), { workerData: spec });
  const tsx = import.meta.resolve('tsx/esm/api');
  const source = new URL('./worker.ts', import.meta.url).href;
  const bootstrap = `import('${tsx}').then(({ register }) => (register(), import('${source}')))`;
  return new Worker(bootstrap, { eval: true, workerData: spec });
}
