import { z } from 'zod';

/** `model` of a tokenizer.json of sentencepiece's unigram models. */
export const unigramSchema = z.looseObject({
  type: z.literal('Unigram'),
  vocab: z.array(z.tuple([z.string(), z.number()])),
  unk_id: z.int().nonnegative().nullish(),
  byte_fallback: z.boolean().default(false),
});

/**
 * A number as the Rust tokenizers read it from JSON: the digits as a whole number, rounded to a double, divided by a power
 * of ten and rounded again (serde_json without `float_roundtrip`). The last bit decides between segmentations that
 * consist of the same pieces in another order.
 */
function rustNumber(value: number): number {
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (whole === undefined) return value;
  const power = Number(exponent) - fraction.length;
  const digits = Number(BigInt(whole + fraction));
  const magnitude = power < 0 ? digits / 10 ** -power : digits * 10 ** power;
  return sign === '-' ? -magnitude : magnitude;
}

/** What an unknown character costs more than the rarest piece. */
const unknownPenalty = 10;

/** The best segmentation of a word up to a place. */
interface Best {
  readonly score: number;
  readonly start: number;
  /** Undefined for an unknown character. */
  readonly id: number | undefined;
}

/**
 * Splits words into the pieces whose scores have the largest sum (Kudo 2018). Of equal sums the one whose last piece begins
 * first is taken, as `encode_optimized` of the Rust tokenizers does; transformers.js takes another one.
 */
export class Unigram {
  private readonly pieces = new Map<string, { readonly id: number; readonly score: number }>();
  private readonly longest: number;
  private readonly unknownScore: number;
  private readonly unknown: number | undefined;
  private readonly byteFallback: boolean;

  constructor({ vocab, unk_id, byte_fallback }: z.infer<typeof unigramSchema>) {
    let lowest = Infinity;
    let longest = 0;
    vocab.forEach(([piece, written], id) => {
      const score = rustNumber(written);
      lowest = Math.min(lowest, score);
      longest = Math.max(longest, piece.length);
      this.pieces.set(piece, { id, score });
    });
    this.longest = longest;
    this.unknownScore = lowest - unknownPenalty;
    this.unknown = unk_id ?? undefined;
    this.byteFallback = byte_fallback;
  }

  /** Ids of a word's pieces. Neighbouring unknown characters are one unknown token. */
  encode(word: string): number[] {
    const best = this.bestPaths(word);
    const ids: number[] = [];
    let unknown = '';
    for (let end = word.length; end > 0;) {
      const { start, id } = best[end]!;
      if (id === undefined || id === this.unknown) unknown = word.slice(start, end) + unknown;
      else {
        ids.push(...this.unknownIds(unknown), id);
        unknown = '';
      }
      end = start;
    }
    ids.push(...this.unknownIds(unknown));
    return ids.reverse();
  }

  private bestPaths(word: string): (Best | undefined)[] {
    const best: (Best | undefined)[] = [{ score: 0, start: 0, id: undefined }];
    const offer = (end: number, path: Best): void => {
      const other = best[end];
      if (other === undefined || path.score > other.score) best[end] = path;
    };
    for (let start = 0; start < word.length;) {
      const { score } = best[start]!;
      const character = word.codePointAt(start)! > 0xffff ? 2 : 1;
      let hasCharacter = false;
      const limit = Math.min(this.longest, word.length - start);
      for (let length = 1; length <= limit; length++) {
        const piece = this.pieces.get(word.slice(start, start + length));
        if (piece === undefined) continue;
        offer(start + length, { score: score + piece.score, start, id: piece.id });
        if (length === character) hasCharacter = true;
      }
      if (!hasCharacter) offer(start + character, { score: score + this.unknownScore, start, id: undefined });
      start += character;
    }
    return best;
  }

  /** Ids of unknown text, last one first. */
  private unknownIds(text: string): number[] {
    if (text === '') return [];
    if (this.byteFallback) {
      const names = Array.from(Buffer.from(text), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
      const ids = names.map((name) => this.pieces.get(name)?.id);
      if (ids.every((id) => id !== undefined)) return ids.reverse();
    }
    return this.unknown === undefined ? [] : [this.unknown];
  }
}
