import { exitCodes } from './exit-codes.js';

/** Errors that mean that nobody reads any more. */
const nobodyReads = ['EPIPE', 'ERR_STREAM_DESTROYED'];

/**
 * Keeps errors of standard output and error from ending the process, since its exit status is what a gate is read by. Must
 * be called before anything is written.
 * @returns to be called at the end with the command's exit status; resolves to the process's
 */
export function guardOutput(): (status: number) => Promise<number> {
  let failure: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error;
  });
  // If standard error cannot be written, there is nowhere to say so.
  process.stderr.on('error', () => undefined);
  return async (status) => {
    // Writes are reported in order, so that after this one every error is known.
    await new Promise((resolve) => process.stdout.write('', resolve));
    // A reader that closes the pipe early (`| head`) is not an error, and the command's status still counts.
    if (failure === undefined || nobodyReads.includes(failure.code ?? '')) return status;
    process.stderr.write(`sgpt-bench: standard output cannot be written (${failure.message}), so it is incomplete\n`);
    return status === exitCodes.done ? exitCodes.badInput : status;
  };
}
