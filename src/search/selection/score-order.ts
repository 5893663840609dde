/**
 * An entry is a score and a position packed into one float64, so that the engine's own sort of numbers, several times
 * faster than one with a comparator, sorts by score descending, then by position ascending. 32 bits of score and 21 of
 * position fill the 53 bits that a float64 holds exactly.
 */
export const maxPositions = 1 << 21;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);
const minusZero = -(2 ** 31);

/**
 * A score's order: an integer that compares as the score does. Bits of floats, read as integers, are ordered as the floats
 * are, negative ones in reverse.
 * @param score a float32; -0 becomes 0
 */
export function orderOf(score: number): number {
  float[0] = score;
  return orderOfBits(bits[0]!);
}

/** As `orderOf`, from the bits of a float32, read as an integer. */
export function orderOfBits(bits: number): number {
  return bits === minusZero ? 0 : bits ^ ((bits >> 31) & 0x7fffffff);
}

/** The score with this order. */
export function scoreOfOrder(order: number): number {
  bits[0] = order ^ ((order >> 31) & 0x7fffffff);
  return float[0]!;
}

/** @param position below {@link maxPositions} */
export function entryOf(score: number, position: number): number {
  return position - orderOf(score) * maxPositions;
}

export function scoreOf(entry: number): number {
  return scoreOfOrder(orderOfEntry(entry));
}

export function orderOfEntry(entry: number): number {
  return -Math.floor(entry / maxPositions);
}

export function positionOf(entry: number): number {
  return entry - Math.floor(entry / maxPositions) * maxPositions;
}
