/**
 * A fault outside the program: in a file, an option, a download. The message is one sentence that says what is wrong,
 * where, what was expected and what to do; users see it as it is, without a stack trace.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** A model of a kind that this program does not run; an export of it may run. */
export class UnsupportedModelError extends InputError {}

/** The user stopped the program (Ctrl-C). Finished work is stored; `message` says how to go on. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** The message of a thrown value, for use in another message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @throws InterruptedError if the signal is aborted */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new InterruptedError('stopped; finished work is kept, run the same command to go on');
}

/** The candidate closest to a misspelt name by edit distance; undefined if none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
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
