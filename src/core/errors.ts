import { printableMessage } from './printable.js';
import { systemFault, systemReason } from './system-errors.js';

/**
 * A fault outside the program: in a file, an option, a download. The message is one sentence that says what is wrong,
 * where, what was expected and what to do; users see it as it is, without a stack trace. Names in it may come from files:
 * here, and nowhere else, they are cut and their control characters escaped.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(message: string, options?: ErrorOptions) {
    super(printableMessage(message), options);
  }
}

/** A model of a kind that this program does not run; an export of it may run. */
export class UnsupportedModelError extends InputError {}

/** The user stopped the program (Ctrl-C). Finished work is stored; `message` says how to go on. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** The message of a thrown value, for use in another message; for an error of the operating system, its reason. */
export function messageOf(error: unknown): string {
  return systemReason(error) ?? (error instanceof Error ? error.message : String(error));
}

/**
 * An {@link InputError} for an error of the operating system: `what` (the full disk, the missing permission …); and what
 * to do. Any other error is returned as it is.
 * @param what the path and what cannot be done: `results: cannot be created`
 */
export function inputErrorOf(error: unknown, what: string): Error {
  const fault = systemFault(error);
  if (fault !== undefined) return new InputError(`${what} (${fault.reason}); ${fault.advice}`, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

/** @throws InterruptedError if the signal is aborted */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new InterruptedError('stopped; finished work is kept, run the same command to go on');
}

/** Longer names are not compared: the time grows with the length. */
const maxNameLength = 200;

/** The candidate closest to a misspelt name by edit distance; undefined if none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > maxNameLength) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** An {@link InputError}: unknown KIND "NAME", did you mean "…"? known: … */
export function unknownName(kind: string, name: string, known: readonly string[]): InputError {
  const near = nearest(name, known);
  const hint = near === undefined ? '' : `, did you mean "${near}"?`;
  return new InputError(`unknown ${kind} "${name}"${hint === '' ? ';' : hint} known: ${known.join(', ')}`);
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
