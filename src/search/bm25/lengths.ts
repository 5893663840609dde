/**
 * Lucene stores a field's length in one byte (SmallFloat.intToByte4 and byte4ToInt): exact below 40, four significant bits
 * above. The 24 lowest bytes stand for themselves, because the largest int needs only 231 floating-point codes.
 */
const exactLengths = 24;

/**
 * The byte of the largest representable length that is not above this one.
 * @param length number of terms, from 0 to 2^31 - 1
 */
export function lengthToByte(length: number): number {
  if (length < exactLengths) return length;
  const value = length - exactLengths;
  const shift = 28 - Math.clz32(value);
  // Below four bits the value is stored as it is; above, the leading bit is implied and the shift counts from 1.
  return exactLengths + (shift < 0 ? value : ((value >>> shift) & 7) | ((shift + 1) << 3));
}

/** The length that a byte encodes. */
export function byteToLength(byte: number): number {
  if (byte < exactLengths) return byte;
  const value = byte - exactLengths;
  const shift = (value >>> 3) - 1;
  return exactLengths + (shift < 0 ? value : ((value & 7) | 8) * 2 ** shift);
}
