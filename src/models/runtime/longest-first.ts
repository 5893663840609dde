/**
 * Indices sorted by length, longest first; equal lengths keep their order. Short items come last, so that at the end no
 * worker waits long for another.
 */
export function longestFirst(lengths: readonly number[]): Uint32Array {
  return Uint32Array.from(lengths.keys()).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
}
