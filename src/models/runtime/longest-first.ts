/**
 * Indices in the order of their lengths, longest first, equal ones as they come: the last to be worked on are then
 * short, and no worker waits long for another.
 */
export function longestFirst(lengths: readonly number[]): Uint32Array {
  return Uint32Array.from(lengths.keys()).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
}
