import { InterruptedError } from '../core/errors.js';

/**
 * Runs work that Ctrl-C (or SIGTERM) can stop: the first signal lets the current step end, a second one ends the process at
 * once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    process.stderr.write('\nstopping; press Ctrl-C again to stop at once\n');
    controller.abort(new InterruptedError('stopped'));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
