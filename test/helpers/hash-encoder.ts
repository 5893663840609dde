import type { Encoder, Matrix } from '../../src/core/model.js';

const dimensions = 48;

/**
 * Signed counts of byte trigrams, hashed by FNV-1a: the function of tools/goldens/useb/useb_numbers.py. Values are small
 * multiples of 1/64, so that sums and products of them are exact.
 */
export function hashEmbedding(text: string): Float32Array {
  const bytes = Buffer.from(text);
  const vector = new Float32Array(dimensions);
  for (let start = 0; start < (bytes.length === 0 ? 0 : Math.max(1, bytes.length - 2)); start++) {
    let code = 0x811c9dc5;
    for (const byte of bytes.subarray(start, start + 3)) code = Math.imul(code ^ byte, 0x01000193) >>> 0;
    vector[code % dimensions]! += ((code >>> 16) & 0xff) / 64 - 1;
  }
  return vector;
}

/** An encoder of {@link hashEmbedding}, which keeps the texts that it was asked for. */
export function hashEncoder(): Encoder & { readonly encoded: string[] } {
  const encoded: string[] = [];
  return {
    encoded,
    model: { id: 'hash', revision: null, architecture: 'hash', parameters: 0, files: {}, dtype: 'fp32' },
    settings: { brackets: 'none', maxTokens: null },
    similarity: null,
    views: [{ name: 'trigrams', pooling: 'trigrams', layer: 0, dimensions }],
    encode(texts, _role, options) {
      encoded.push(...texts);
      options?.onProgress?.(texts.length);
      const data = new Float32Array(texts.length * dimensions);
      texts.forEach((text, row) => {
        data.set(hashEmbedding(text), row * dimensions);
      });
      return Promise.resolve([{ rows: texts.length, columns: dimensions, data } satisfies Matrix]);
    },
    close: () => Promise.resolve(),
  };
}
