import { createContext, Script } from 'node:vm';

/** Work was ended because it took too long. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

const sandbox = createContext({ work: undefined as unknown });
const call = new Script('work()');

/**
 * Does synchronous work that may never end, such as matching a regular expression from a file, and ends it after a time.
 * The limit is certain: a thread of Node's `vm` watches, and V8 checks for its signal in loops, calls and the backtracking
 * of regular expressions. Costs about 0.2 ms per call.
 * @throws TimeLimitError after that time; errors of the work itself pass through
 */
export function withTimeLimit<T>(milliseconds: number, work: () => T): T {
  let result: T;
  sandbox['work'] = () => {
    result = work();
  };
  try {
    call.runInContext(sandbox, { timeout: milliseconds });
  } catch (error) {
    // Made in the sandbox, it is no instance of this context's Error.
    if ((error as { readonly code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TimeLimitError(`took longer than ${milliseconds / 1000} s`, { cause: error });
  } finally {
    sandbox['work'] = undefined;
  }
  return result!;
}
