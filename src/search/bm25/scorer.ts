import { TopDocuments } from '../top-documents.js';
import { Accumulator } from './accumulator.js';
import type { Postings } from './postings.js';
import type { Bm25Settings } from './settings.js';

/** What of an index scores documents. A thread that it is sent to shares its memory. */
export interface ScoredIndex {
  readonly settings: Bm25Settings;
  readonly fields: readonly Postings[];
  readonly documents: number;
}

/** A query's terms that are in the index, by number, with the times they occur. */
export type QueryTerms = ReadonlyMap<number, number>;

/** Documents by number, best first. */
export interface ScoredDocuments {
  readonly scores: Float32Array<ArrayBuffer>;
  readonly numbers: Int32Array<ArrayBuffer>;
}

/** Searches an index for one query after another, on one thread. Memory: 12 bytes a document, and field where they compete. */
export class Bm25Scorer {
  readonly #index: ScoredIndex;
  /** One for all fields where their scores are added, else one a field. Between searches they are empty. */
  readonly #accumulators: readonly Accumulator[];
  #top = new TopDocuments(0);

  constructor(index: ScoredIndex) {
    this.#index = index;
    const accumulators = index.settings.combine === 'sum' ? 1 : index.fields.length;
    this.#accumulators = Array.from({ length: accumulators }, () => new Accumulator(index.documents));
  }

  /** The best `topK` documents that have one of the terms; of equal scores, the lower number is better. */
  search(terms: QueryTerms, topK: number): ScoredDocuments {
    this.#score(terms);
    const top = this.#topOf(Math.min(topK, this.#index.documents));
    const { combine } = this.#index.settings;
    if (combine === 'sum') this.#accumulators[0]!.drainTo(top);
    else {
      this.#forEachBestField(combine.tieBreaker, top);
      for (const accumulator of this.#accumulators) accumulator.clear();
    }
    return top.drain();
  }

  /** The memory of the search before, where it fits. */
  #topOf(limit: number): TopDocuments {
    if (this.#top.limit !== limit) this.#top = new TopDocuments(limit);
    return this.#top;
  }

  /** Adds the scores of the terms up, document by document. */
  #score(terms: QueryTerms): void {
    const { settings, fields } = this.#index;
    const factor = settings.legacyFactor ? Math.fround(1 + Math.fround(settings.k1)) : 1;
    for (const [term, count] of terms) {
      for (const [f, { offsets, documents, saturations, statistics }] of fields.entries()) {
        const [start, end] = [offsets[term]!, offsets[term + 1]!];
        if (start === end) continue;
        // A term that occurs twice in the query is one term with twice the boost (BooleanQuery.rewrite).
        const weight = Math.fround(Math.fround(count * factor) * idf(end - start, statistics.documents));
        const accumulator = this.#accumulators[settings.combine === 'sum' ? 0 : f]!;
        accumulator.addPostings(documents, saturations, start, end, weight);
      }
    }
  }

  /** Lucene 8's DisjunctionMaxScorer: each field's score as float32, the other fields added up in double. */
  #forEachBestField(tieBreaker: number, top: TopDocuments): void {
    for (const [f, accumulator] of this.#accumulators.entries()) {
      accumulator.forEach((document, score) => {
        let best = Math.fround(score);
        let others = 0;
        for (const [g, other] of this.#accumulators.entries()) {
          if (g === f || !other.has(document)) continue;
          if (g < f) return; // done with that field
          const value = Math.fround(other.scoreOf(document));
          others += Math.min(best, value);
          best = Math.max(best, value);
        }
        top.offer(Math.fround(best + others * Math.fround(tieBreaker)), document);
      });
    }
  }
}

/** ln(1 + (N - n + 0.5) / (n + 0.5)) for n of N documents, as float32 (BM25Similarity.idf). */
function idf(documentFrequency: number, documents: number): number {
  return Math.fround(Math.log(1 + (documents - documentFrequency + 0.5) / (documentFrequency + 0.5)));
}
