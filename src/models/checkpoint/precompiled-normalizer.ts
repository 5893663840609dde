import { InputError } from '../../core/errors.js';

/** Longest grapheme, in UTF-8 bytes, that is looked up as a whole. */
const longestGrapheme = 5;

/**
 * sentencepiece's table of characters and their replacements, `precompiled_charsmap` of tokenizer.json: four bytes of
 * length, a double-array trie of that length, and the replacements, each ended by a zero byte. Follows the Rust crate
 * spm_precompiled, which the Rust tokenizers use: the text is replaced grapheme by grapheme, and a grapheme by the
 * replacement of the shortest of its beginnings that has one.
 */
export class PrecompiledNormalizer {
  private readonly trie: Uint32Array;
  private readonly replacements: Uint8Array;
  private readonly segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  private readonly encoder = new TextEncoder();
  private readonly decoder = new TextDecoder();

  /** @param path names the file in errors */
  constructor(charsmap: string, path: string) {
    const bytes = Uint8Array.from(Buffer.from(charsmap, 'base64'));
    const trieBytes = bytes.length < 4 ? -1 : new DataView(bytes.buffer).getUint32(0, true);
    if (trieBytes < 0 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length)
      throw new InputError(`${path}: its precompiled_charsmap is damaged; download the file again`);
    this.trie = new Uint32Array(bytes.slice(4, 4 + trieBytes).buffer);
    this.replacements = bytes.subarray(4 + trieBytes);
  }

  normalize(text: string): string {
    let result = '';
    for (const { segment } of this.segmenter.segment(text)) {
      const bytes = this.encoder.encode(segment);
      const whole = bytes.length <= longestGrapheme ? this.replacement(bytes) : undefined;
      result += whole ?? this.characters(segment);
    }
    return result;
  }

  private characters(segment: string): string {
    let result = '';
    for (const character of segment) result += this.replacement(this.encoder.encode(character)) ?? character;
    return result;
  }

  /** The replacement of the shortest beginning that has one; undefined if none has. */
  private replacement(bytes: Uint8Array): string | undefined {
    const start = this.find(bytes);
    if (start === undefined) return undefined;
    const end = this.replacements.indexOf(0, start);
    return this.decoder.decode(this.replacements.subarray(start, end < 0 ? undefined : end));
  }

  /** Walks the double array (Darts-clone: https://github.com/s-yata/darts-clone). */
  private find(bytes: Uint8Array): number | undefined {
    const { trie } = this;
    const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
    let unit = trie[0] ?? 0;
    let position = offset(unit);
    for (const byte of bytes) {
      if (byte === 0) return undefined;
      position ^= byte;
      unit = trie[position] ?? 0;
      if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
      position ^= offset(unit);
      if (((unit >>> 8) & 1) === 1) return (trie[position] ?? 0) & 0x7fffffff;
    }
    return undefined;
  }
}
