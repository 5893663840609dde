/** IEEE 754 half-precision numbers (float16) as 16-bit patterns; Node 20 has no Float16Array. */

/** The largest finite float16. */
export const largestHalf = 65504;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Rounds to the nearest float16, ties to even, as processors do; what rounds beyond {@link largestHalf} becomes infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, halfOf);
}

/**
 * Converts to float32, which holds every float16 exactly.
 * @param room memory for the result, used if it is large enough
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
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above
  if (magnitude >= 0x38800000) {
    // Normal: the exponent's bias changes from 127 to 15, and 13 bits are rounded off.
    const rebased = magnitude - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // Subnormal: a multiple of 2^-24. Adding 1.5 * 2^23 of these units lets float32 arithmetic do the rounding.
  float[0] = Math.fround(Math.abs(value) + 0.75);
  return sign | (bits[0]! - 0x3f400000);
}

let halves: Float32Array | undefined;

/** The values of all 65536 bit patterns. */
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
