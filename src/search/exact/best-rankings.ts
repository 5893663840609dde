import type { Ranking } from '../../core/run.js';
import { compareCodePoints } from '../../core/text.js';
import type { CandidateLists } from './candidate-lists.js';
import { positionOf, scoreOf } from '../selection/score-order.js';

/** Documents per page; for each page, `#pages` records the block of its first document. */
const pageSize = 256;

/**
 * Each query's best documents so far, merged from one block of documents after another. Documents are numbered, so that
 * merging moves numbers only; ids are compared only where scores are equal.
 */
export class BestRankings {
  /** By query: the score that a document must reach to be among the best. */
  readonly #bounds: Float32Array;
  readonly #topK: number;
  readonly #best: BestNumbers[];
  /** Ids by block and row; a document's number is the number of its block's first document plus its row. */
  readonly #ids: (readonly string[])[] = [];
  /** By block: the number of its first document. */
  readonly #firsts: number[] = [];
  /** By page (document number divided by `pageSize`): the block of the page's first document. */
  readonly #pages: number[] = [];
  #documents = 0;
  /** Reused memory for one query's new documents. */
  readonly #incoming: BestNumbers = emptyRanking();
  /** Reused memory for the result of a merge. */
  readonly #merged: BestNumbers = emptyRanking();

  constructor(queries: number, topK: number) {
    this.#bounds = new Float32Array(queries).fill(-Infinity);
    this.#topK = topK;
    this.#best = Array.from({ length: queries }, emptyRanking);
  }

  /** Numbers the documents of the next block. @returns the number of its first document */
  addBlock(ids: readonly string[]): number {
    const first = this.#documents;
    const block = this.#ids.push(ids) - 1;
    this.#firsts.push(first);
    this.#documents += ids.length;
    while (this.#pages.length * pageSize < this.#documents) this.#pages.push(block);
    return first;
  }

  add({ queries, starts, entries, first }: CandidateLists): void {
    for (const [i, query] of queries.entries()) {
      const found = this.#read(entries.subarray(starts[i], starts[i + 1]), first, this.#bounds[query]!);
      if (found.size === 0) continue;
      const best = this.#best[query]!;
      this.#orderTies(found);
      this.#merge(best, found);
      if (best.size === this.#topK) this.#bounds[query] = best.scores[this.#topK - 1]!;
    }
  }

  /** The entries that reach the bound, in memory that the next call overwrites. */
  #read(entries: Float64Array, first: number, bound: number): BestNumbers {
    const found = this.#incoming;
    ensureCapacity(found, entries.length, Infinity);
    const { numbers, scores } = found;
    let size = 0;
    for (; size < entries.length; size++) {
      const score = scoreOf(entries[size]!);
      if (score < bound) break;
      scores[size] = score;
      numbers[size] = first + positionOf(entries[size]!);
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

  /** Sorts documents of equal score, which are neighbours, by id. */
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
    ensureCapacity(merged, size, this.#topK);
    // The hot loop of this class.
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

/** A ranking by document number, best first; only the first `size` entries are in use. */
interface BestNumbers {
  numbers: Float64Array;
  scores: Float32Array;
  size: number;
}

function emptyRanking(): BestNumbers {
  return { numbers: new Float64Array(0), scores: new Float32Array(0), size: 0 };
}

function ensureCapacity(ranking: BestNumbers, size: number, maxSize: number): void {
  if (ranking.scores.length >= size) return;
  const length = Math.min(maxSize, Math.max(size, 2 * ranking.scores.length));
  const { numbers, scores } = ranking;
  ranking.numbers = new Float64Array(length);
  ranking.numbers.set(numbers);
  ranking.scores = new Float32Array(length);
  ranking.scores.set(scores);
}
