import type { TopDocuments } from '../selection/top-documents.js';
import type { Postings } from './postings.js';

/** Documents per window: few enough that their scores stay in the processor's cache. */
export const windowSize = 1 << 15;

/** A query's scores, for one window of documents after another. Its memory is reused for the next window and query. */
export class Accumulator {
  /** Scores by position in the window; -1 for a document without a score (BM25 scores are never negative). */
  readonly #scores = new Float64Array(windowSize).fill(-1);
  readonly #touched = new Int32Array(windowSize);
  #count = 0;
  /** The document number at which the window begins. */
  #first = 0;

  /** Moves the window; it must be empty. */
  moveTo(first: number): void {
    this.#first = first;
  }

  /** Adds a term's score to each of its documents. BM25Similarity: `weight - weight / (1 + freq * normInverse)`. */
  addPostings({ documents, saturations }: Postings, start: number, end: number, weight: number): void {
    const scores = this.#scores;
    const touched = this.#touched;
    const first = this.#first;
    let count = this.#count;
    if (count === 0) {
      // The documents of a query's first term are all new: nothing to look up or to add to.
      for (let i = start; i < end; i++)
        scores[documents[i]! - first] = Math.fround(weight - Math.fround(weight / saturations[i]!));
      touched.set(documents.subarray(start, end));
      this.#count = end - start;
      return;
    }
    for (let i = start; i < end; i++) {
      const document = documents[i]!;
      const score = Math.fround(weight - Math.fround(weight / saturations[i]!));
      const before = scores[document - first]!;
      if (before < 0) {
        touched[count++] = document;
        scores[document - first] = score;
      } else {
        scores[document - first] = before + score;
      }
    }
    this.#count = count;
  }

  has(document: number): boolean {
    return this.#scores[document - this.#first]! >= 0;
  }

  scoreOf(document: number): number {
    return this.#scores[document - this.#first]!;
  }

  /** Offers every document with its score, rounded to float32, and empties the window. */
  drainTo(top: TopDocuments): void {
    const scores = this.#scores;
    const touched = this.#touched;
    const first = this.#first;
    const count = this.#count;
    let bound = top.bound;
    for (let i = 0; i < count; i++) {
      const document = touched[i]!;
      const score = Math.fround(scores[document - first]!);
      scores[document - first] = -1;
      if (score < bound) continue;
      top.offer(score, document);
      bound = top.bound;
    }
    this.#count = 0;
  }

  forEach(visit: (document: number, score: number) => void): void {
    for (let i = 0; i < this.#count; i++) {
      const document = this.#touched[i]!;
      visit(document, this.scoreOf(document));
    }
  }

  clear(): void {
    for (let i = 0; i < this.#count; i++) this.#scores[this.#touched[i]! - this.#first] = -1;
    this.#count = 0;
  }
}
