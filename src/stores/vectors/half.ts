/** IEEE 754 half-precision numbers (float16) as 16-bit patterns; Node 20 has no Float16Array. */

/** The largest finite half. */
export const largestHalf = 65504;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Rounds to the nearest half, ties to even, as processors do; beyond {@link largestHalf} (rounded) it is infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, halfOf);
}

/**
 * The same numbers as float32, which holds every half exactly.
 * @param room for them, used where it is large enough
 */
export function fromHalf(halves: Uint16Array, room?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const { length } = halves;
  const values = room !== undefined && room.length >= length ? room.subarray(0, length) : new Float32Array(length);
  const valueOf = table();
  for (let i = 0; i < length; i++) values[i] = valueOf[halves[i]!]!;
  return values;
}

function halfOf(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above
  if (magnitude >= 0x38800000) {
    // Normal: the exponent's bias goes from 127 to 15, and 13 bits are rounded away.
    const rebased = magnitude - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // Subnormal: a multiple of 2^-24. Adding 1.5 * 2^23 of these units lets float32 arithmetic do the rounding.
  float[0] = Math.fround(Math.abs(value) + 0.75);
  return sign | (bits[0]! - 0x3f400000);
}

let halves: Float32Array | undefined;

/** Each pattern's value: 65536 of them. */
function table(): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, pattern) => {
    const sign = pattern < 0x8000 ? 1 : -1;
    const exponent = (pattern >>> 10) & 31;
    const fraction = pattern & 0x3ff;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  });
  return halves;
}
