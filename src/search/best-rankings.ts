import type { Ranking } from '../core/run.js';
import { compareCodePoints } from '../core/text.js';
import type { Found } from './candidates.js';

/**
 * The best documents so far of each query, from what is found in one block after another. Documents go by number here, so
 * that merging moves numbers only; ids are looked at where scores are equal.
 */
export class BestRankings {
  /** By query: what a document must score at least to be among the best. Shared with the threads that search. */
  readonly bounds: Float32Array<SharedArrayBuffer>;
  readonly #topK: number;
  readonly #best: BestNumbers[];
  /** Ids by block and row: a document's number is its block's times `#blockRows` plus its row. */
  readonly #ids: (readonly string[])[] = [];
  readonly #blockRows: number;
  /** Room for the numbers of what one block has for one query. */
  #numbers = new Float64Array(0);

  constructor(queries: number, topK: number, blockRows: number) {
    this.bounds = new Float32Array(new SharedArrayBuffer(4 * queries)).fill(-Infinity);
    this.#topK = topK;
    this.#blockRows = blockRows;
    this.#best = Array.from({ length: queries }, () => ({
      numbers: new Float64Array(0),
      scores: new Float32Array(0),
      size: 0,
    }));
  }

  /** @param ids of the block's rows */
  add({ starts, rows, scores }: Found, ids: readonly string[]): void {
    const first = this.#ids.length * this.#blockRows;
    this.#ids.push(ids);
    for (const [q, best] of this.#best.entries()) {
      const [start, end] = [starts[q]!, starts[q + 1]!];
      if (start === end || scores[start]! < this.bounds[q]!) continue;
      if (this.#numbers.length < end - start) this.#numbers = new Float64Array(2 * (end - start));
      const numbers = this.#numbers.subarray(0, end - start);
      for (let i = start; i < end; i++) numbers[i - start] = first + rows[i]!;
      const found = { numbers, scores: scores.subarray(start, end), size: end - start };
      this.#orderTies(found);
      this.#merge(best, found);
      if (best.size === this.#topK) this.bounds[q] = Math.max(this.bounds[q]!, best.scores[this.#topK - 1]!);
    }
  }

  finish(): Ranking[] {
    return this.#best.map(({ numbers, scores, size }) => ({
      ids: Array.from(numbers.subarray(0, size), (number) => this.#idOf(number)),
      scores: scores.slice(0, size),
    }));
  }

  #idOf(number: number): string {
    return this.#ids[Math.floor(number / this.#blockRows)]![number % this.#blockRows]!;
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

  /** Merges `b` into `a`, in place and from the end: most of what is found late belongs near the end. */
  #merge(a: BestNumbers, b: BestNumbers): void {
    const size = Math.min(this.#topK, a.size + b.size);
    let [i, j] = [a.size - 1, b.size - 1];
    for (let excess = a.size + b.size - size; excess > 0; excess--) {
      if (this.#isBefore(a, i, b, j)) j--;
      else i--;
    }
    makeRoom(a, size, this.#topK);
    a.size = size;
    // The one loop here whose time counts.
    const { numbers, scores } = a;
    const { numbers: newNumbers, scores: newScores } = b;
    for (let slot = size - 1; j >= 0; slot--) {
      const score = i < 0 ? Infinity : scores[i]!;
      const newScore = newScores[j]!;
      const newIsLast = i < 0 || (score === newScore ? this.#isBefore(a, i, b, j) : score > newScore);
      if (newIsLast) {
        scores[slot] = newScore;
        numbers[slot] = newNumbers[j--]!;
      } else {
        scores[slot] = score;
        numbers[slot] = numbers[i--]!;
      }
    }
  }

  /** Whether entry i of `a` (if there is one left) comes before entry j of `b` (if there is one left). */
  #isBefore(a: BestNumbers, i: number, b: BestNumbers, j: number): boolean {
    if (i < 0 || j < 0) return j >= 0;
    const [scoreA, scoreB] = [a.scores[i]!, b.scores[j]!];
    return scoreA === scoreB ? this.#compareIds(a.numbers[i]!, b.numbers[j]!) < 0 : scoreA > scoreB;
  }
}

/** A ranking by document number, best first: the first `size` entries. */
interface BestNumbers {
  numbers: Float64Array;
  scores: Float32Array;
  size: number;
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
