import { entryOf, maxPositions, positionOf, scoreOf } from './score-order.js';
import { select } from './select.js';

/** The largest `limit`: an entry must have room for the positions of a list three times as long. */
const maxLimit = Math.floor(maxPositions / 3);

/**
 * The best `limit` of the documents offered, in bounded memory. The lower number wins a tie. Documents are collected in a
 * list of three times `limit`; when it is full, all but the best are dropped.
 */
export class TopDocuments {
  /** A document with a lower score need not be offered. */
  bound = -Infinity;
  readonly limit: number;
  readonly #scores: Float32Array;
  readonly #numbers: Int32Array;
  readonly #entries: Float64Array;
  #size = 0;

  /**
   * @param limit not above the number of documents: memory for it is allocated at once
   * @throws RangeError for a limit beyond 699,050
   */
  constructor(limit: number) {
    if (limit > maxLimit) throw new RangeError(`at most ${maxLimit} documents per query are possible`);
    this.limit = limit;
    this.#scores = new Float32Array(3 * limit);
    this.#numbers = new Int32Array(3 * limit);
    this.#entries = new Float64Array(3 * limit);
  }

  /** @param score a float32 */
  offer(score: number, number: number): void {
    if (score < this.bound || this.limit === 0) return;
    if (this.#size === this.#scores.length) this.#keepBest();
    this.#scores[this.#size] = score;
    this.#numbers[this.#size++] = number;
  }

  /** Returns the best documents, best first, and empties the list. */
  drain(): { scores: Float32Array<ArrayBuffer>; numbers: Int32Array<ArrayBuffer> } {
    this.#keepBest();
    const entries = this.#listEntries().sort();
    const scores = new Float32Array(entries.length);
    const numbers = new Int32Array(entries.length);
    for (let i = 0; i < entries.length; i++) {
      scores[i] = scoreOf(entries[i]!);
      numbers[i] = this.#numbers[positionOf(entries[i]!)]!;
    }
    for (let start = 0, end = 1; start < scores.length; start = end++) {
      while (end < scores.length && scores[end] === scores[start]) end++;
      if (end - start > 1) sortPart(numbers, start, end);
    }
    this.#size = 0;
    this.bound = -Infinity;
    return { scores, numbers };
  }

  /** Drops all but the best, which stay unsorted; of those that tie for the last rank, the lowest numbers stay. */
  #keepBest(): void {
    const limit = this.limit;
    if (this.#size <= limit) return;
    const entries = this.#listEntries();
    select(entries, 0, entries.length - 1, limit - 1);
    const bound = scoreOf(entries[limit - 1]!);
    const tied: number[] = [];
    let size = 0;
    for (let i = 0; i < this.#size; i++) {
      if (this.#scores[i]! > bound) {
        this.#scores[size] = this.#scores[i]!;
        this.#numbers[size++] = this.#numbers[i]!;
      } else if (this.#scores[i] === bound) tied.push(this.#numbers[i]!);
    }
    for (const number of Int32Array.from(tied)
      .sort()
      .subarray(0, limit - size)) {
      this.#scores[size] = bound;
      this.#numbers[size++] = number;
    }
    this.#size = size;
    this.bound = bound;
  }

  /** The list as entries of score-order.ts; an entry's position is that in the list. */
  #listEntries(): Float64Array {
    const entries = this.#entries.subarray(0, this.#size);
    for (let i = 0; i < entries.length; i++) entries[i] = entryOf(this.#scores[i]!, i);
    return entries;
  }
}

/** Longer parts use the engine's sort; for shorter ones, calling it would take as long as sorting here. */
const shortPart = 16;

/** Sorts the numbers from `start` to `end` (not included). */
function sortPart(numbers: Int32Array, start: number, end: number): void {
  if (end - start > shortPart) {
    numbers.subarray(start, end).sort();
    return;
  }
  for (let i = start + 1; i < end; i++) {
    const number = numbers[i]!;
    let at = i;
    for (; at > start && numbers[at - 1]! > number; at--) numbers[at] = numbers[at - 1]!;
    numbers[at] = number;
  }
}
