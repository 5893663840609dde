import { englishTerm } from './english.js';
import { forEachToken } from './tokenizer.js';

/** Tokens whose terms are cached: most tokens of a corpus are repetitions of a few. */
const maxCachedTokens = 1 << 20;

/** The terms of an index, numbered in the order of their first occurrence. */
export class Vocabulary {
  readonly #numbers = new Map<string, number>();
  /** Cache: token as written in the text → number of its term, -1 for a stop word. */
  #tokens = new Map<string, number>();

  get size(): number {
    return this.#numbers.size;
  }

  /** The number of a term, or undefined if no document has it. */
  numberOf(term: string): number | undefined {
    return this.#numbers.get(term);
  }

  /** Calls `visit` with the number of each term of a text; new terms get the next number. */
  forEachTerm(text: string, visit: (number: number) => void): void {
    forEachToken(text, (start, end) => {
      const token = text.slice(start, end);
      const number = this.#tokens.get(token) ?? this.#learn(token);
      if (number >= 0) visit(number);
    });
  }

  #learn(token: string): number {
    const own = copyOf(token);
    const term = englishTerm(own);
    let number = -1;
    if (term !== undefined) {
      number = this.#numbers.get(term) ?? this.#numbers.size;
      this.#numbers.set(term, number);
    }
    if (this.#tokens.size >= maxCachedTokens) this.#tokens = new Map();
    this.#tokens.set(own, number);
    return number;
  }
}

/** A copy of a string: a slice in a map would keep the whole text alive that it was cut from. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'utf16le').toString('utf16le');
}
