/** Largest ratio of unpacked to packed bytes: deflate reaches 1032, text and tables stay far below 200. */
export const maxRatio = 200;
/** Unpacked bytes that need not be in any proportion. */
const freeBytes = 16 << 20;

/** Most bytes that so many bytes of gzip may unpack to. */
export function maxUnpackedBytes(packedBytes: number): number {
  return freeBytes + maxRatio * packedBytes;
}
