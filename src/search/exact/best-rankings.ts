import type { Ranking } from '../../core/run.js';
import { compareCodePoints } from '../../core/text.js';
import type { Found } from './candidates.js';
import { placeOf, scoreOf } from '../selection/score-order.js';

/** Documents a page; of each page it is known in which block its first document is. */
const pageSize = 256;

/**
 * The best documents so far of each query, from what is found in some documents after another. Documents go by number here, so
 * that merging moves numbers only; ids are looked at where scores are equal.
 */
export class BestRankings {
  /** By query: what a document must score at least to be among the best. */
  readonly #bounds: Float32Array;
  readonly #topK: number;
  readonly #best: BestNumbers[];
  /** Ids by block and row: a document's number is its block's first plus its row. */
  readonly #ids: (readonly string[])[] = [];
  /** By block: the number of its first document. */
  readonly #firsts: number[] = [];
  /** By number, divided by `pageSize`: the block of the first document with such a number. */
  readonly #pages: number[] = [];
  #documents = 0;
  /** Room for what is found for one query. */
  readonly #found: BestNumbers = noNumbers();
  /** Room for what two rankings make together. */
  readonly #merged: BestNumbers = noNumbers();

  constructor(queries: number, topK: number) {
    this.#bounds = new Float32Array(queries).fill(-Infinity);
    this.#topK = topK;
    this.#best = Array.from({ length: queries }, noNumbers);
  }

  /** @param ids of the documents of the next block @returns the number of its first document */
  enter(ids: readonly string[]): number {
    const first = this.#documents;
    const block = this.#ids.push(ids) - 1;
    this.#firsts.push(first);
    this.#documents += ids.length;
    while (this.#pages.length * pageSize < this.#documents) this.#pages.push(block);
    return first;
  }

  add({ queries, starts, entries, first }: Found): void {
    for (const [i, query] of queries.entries()) {
      const found = this.#read(entries.subarray(starts[i], starts[i + 1]), first, this.#bounds[query]!);
      if (found.size === 0) continue;
      const best = this.#best[query]!;
      this.#orderTies(found);
      this.#merge(best, found);
      if (best.size === this.#topK) this.#bounds[query] = best.scores[this.#topK - 1]!;
    }
  }

  /** The entries that are not below the bound, in memory that the next ones overwrite. */
  #read(entries: Float64Array, first: number, bound: number): BestNumbers {
    const found = this.#found;
    makeRoom(found, entries.length, Infinity);
    const { numbers, scores } = found;
    let size = 0;
    for (; size < entries.length; size++) {
      const score = scoreOf(entries[size]!);
      if (score < bound) break;
      scores[size] = score;
      numbers[size] = first + placeOf(entries[size]!);
    }
    found.size = size;
    return found;
  }

  finish(): Ranking[] {
    return this.#best.map(({ numbers, scores, size }) => {
      const ids = new Array<string>(size);
      for (let i = 0; i < size; i++) ids[i] = this.#idOf(numbers[i]!);
      return { ids, scores: scores.slice(0, size) };
    });
  }

  #idOf(number: number): string {
    let block = this.#pages[Math.floor(number / pageSize)]!;
    while (number >= (this.#firsts[block + 1] ?? Infinity)) block++;
    return this.#ids[block]![number - this.#firsts[block]!]!;
  }

  /** Puts documents of equal score, which stand together, in the order of their ids. */
  #orderTies({ numbers, scores, size }: BestNumbers): void {
    for (let start = 0, end = 1; start < size; start = end++) {
      while (end < size && scores[end] === scores[start]) end++;
      if (end - start > 1) numbers.subarray(start, end).sort((a, b) => this.#compareIds(a, b));
    }
  }

  #compareIds(a: number, b: number): number {
    return compareCodePoints(this.#idOf(b), this.#idOf(a));
  }

  /** Merges `b` into `a`. */
  #merge(a: BestNumbers, b: BestNumbers): void {
    const size = Math.min(this.#topK, a.size + b.size);
    const merged = this.#merged;
    makeRoom(merged, size, this.#topK);
    // The one loop here whose time counts.
    const { numbers, scores } = merged;
    const { numbers: numbersA, scores: scoresA, size: sizeA } = a;
    const { numbers: numbersB, scores: scoresB, size: sizeB } = b;
    for (let slot = 0, i = 0, j = 0; slot < size; slot++) {
      const scoreA = i < sizeA ? scoresA[i]! : -Infinity;
      const scoreB = j < sizeB ? scoresB[j]! : -Infinity;
      if (scoreA > scoreB || (scoreA === scoreB && this.#compareIds(numbersA[i]!, numbersB[j]!) < 0)) {
        scores[slot] = scoreA;
        numbers[slot] = numbersA[i++]!;
      } else {
        scores[slot] = scoreB;
        numbers[slot] = numbersB[j++]!;
      }
    }
    [merged.numbers, merged.scores] = [numbersA, scoresA];
    [a.numbers, a.scores, a.size] = [numbers, scores, size];
  }
}

/** A ranking by document number, best first: the first `size` entries. */
interface BestNumbers {
  numbers: Float64Array;
  scores: Float32Array;
  size: number;
}

function noNumbers(): BestNumbers {
  return { numbers: new Float64Array(0), scores: new Float32Array(0), size: 0 };
}

function makeRoom(ranking: BestNumbers, size: number, most: number): void {
  if (ranking.scores.length >= size) return;
  const length = Math.min(most, Math.max(size, 2 * ranking.scores.length));
  const { numbers, scores } = ranking;
  ranking.numbers = new Float64Array(length);
  ranking.numbers.set(numbers);
  ranking.scores = new Float32Array(length);
  ranking.scores.set(scores);
}
