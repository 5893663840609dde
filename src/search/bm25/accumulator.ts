import type { TopDocuments } from '../top-documents.js';

/** Scores of the documents that a query touches, in memory that is used again for the next query. */
export class Accumulator {
  /** By document; negative where untouched, which no score is. */
  readonly #scores: Float64Array;
  readonly #touched: Int32Array;
  #count = 0;

  constructor(documents: number) {
    this.#scores = new Float64Array(documents).fill(-1);
    this.#touched = new Int32Array(documents);
  }

  /** Adds a term's score to each of its documents: BM25Similarity's `weight - weight / (1 + freq * normInverse)`. */
  addPostings(documents: Int32Array, saturations: Float32Array, start: number, end: number, weight: number): void {
    const scores = this.#scores;
    const touched = this.#touched;
    let count = this.#count;
    if (count === 0) {
      // The documents of a query's first term are all new: there is nothing to look up or to add to.
      for (let i = start; i < end; i++)
        scores[documents[i]!] = Math.fround(weight - Math.fround(weight / saturations[i]!));
      touched.set(documents.subarray(start, end));
      this.#count = end - start;
      return;
    }
    for (let i = start; i < end; i++) {
      const document = documents[i]!;
      const score = Math.fround(weight - Math.fround(weight / saturations[i]!));
      const before = scores[document]!;
      if (before < 0) {
        touched[count++] = document;
        scores[document] = score;
      } else {
        scores[document] = before + score;
      }
    }
    this.#count = count;
  }

  has(document: number): boolean {
    return this.#scores[document]! >= 0;
  }

  scoreOf(document: number): number {
    return this.#scores[document]!;
  }

  /** Offers every document with its score as float32, and is empty then. */
  drainTo(top: TopDocuments): void {
    const scores = this.#scores;
    const touched = this.#touched;
    const count = this.#count;
    let bound = top.bound;
    for (let i = 0; i < count; i++) {
      const document = touched[i]!;
      const score = Math.fround(scores[document]!);
      scores[document] = -1;
      if (score < bound) continue;
      top.offer(score, document);
      bound = top.bound;
    }
    this.#count = 0;
  }

  forEach(visit: (document: number, score: number) => void): void {
    for (let i = 0; i < this.#count; i++) {
      const document = this.#touched[i]!;
      visit(document, this.#scores[document]!);
    }
  }

  clear(): void {
    for (let i = 0; i < this.#count; i++) this.#scores[this.#touched[i]!] = -1;
    this.#count = 0;
  }
}
