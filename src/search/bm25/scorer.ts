import { TopDocuments } from '../selection/top-documents.js';
import { Accumulator, windowSize } from './accumulator.js';
import type { Postings } from './postings.js';
import type { Bm25Settings } from './settings.js';

/** The parts of an index that scoring needs. A thread that receives it shares its memory. */
export interface ScoredIndex {
  readonly settings: Bm25Settings;
  readonly fields: readonly Postings[];
  readonly documents: number;
}

/** Frequencies of a query's terms, by term number; terms outside the index are left out. */
export type QueryTerms = ReadonlyMap<number, number>;

/** Documents by number, best first. */
export interface ScoredDocuments {
  readonly scores: Float32Array<ArrayBuffer>;
  readonly numbers: Int32Array<ArrayBuffer>;
}

/** A term's postings in one field; `next` is the next one to read. */
interface List {
  readonly postings: Postings;
  readonly weight: number;
  readonly accumulator: Accumulator;
  readonly end: number;
  next: number;
}

/** Searches an index for one query after another, on one thread. */
export class Bm25Scorer {
  readonly #index: ScoredIndex;
  /** One for all fields if their scores are summed, else one per field. Empty between windows. */
  readonly #accumulators: readonly Accumulator[];
  #top = new TopDocuments(0);

  constructor(index: ScoredIndex) {
    this.#index = index;
    const accumulators = index.settings.combine === 'sum' ? 1 : index.fields.length;
    this.#accumulators = Array.from({ length: accumulators }, () => new Accumulator());
  }

  /** The best `topK` documents that have one of the terms; the lower number wins a tie. */
  search(terms: QueryTerms, topK: number): ScoredDocuments {
    const { settings, documents } = this.#index;
    const top = this.#topOf(Math.min(topK, documents));
    const lists = this.#listsOf(terms);
    for (let first = 0; first < documents; first += windowSize) {
      for (const accumulator of this.#accumulators) accumulator.moveTo(first);
      for (const list of lists) {
        const end = lowerBound(first + windowSize, list);
        list.accumulator.addPostings(list.postings, list.next, end, list.weight);
        list.next = end;
      }
      this.#drainTo(top, settings.combine);
    }
    return top.drain();
  }

  #drainTo(top: TopDocuments, combine: Bm25Settings['combine']): void {
    if (combine === 'sum') this.#accumulators[0]!.drainTo(top);
    else {
      this.#forEachBestField(combine.tieBreaker, top);
      for (const accumulator of this.#accumulators) accumulator.clear();
    }
  }

  /** The list of the previous search if it has the same limit, else a new one. */
  #topOf(limit: number): TopDocuments {
    if (this.#top.limit !== limit) this.#top = new TopDocuments(limit);
    return this.#top;
  }

  /** The postings lists of these terms, each at its start. */
  #listsOf(terms: QueryTerms): List[] {
    const { settings, fields } = this.#index;
    const factor = settings.legacyFactor ? Math.fround(1 + Math.fround(settings.k1)) : 1;
    const lists: List[] = [];
    for (const [term, count] of terms) {
      for (const [f, postings] of fields.entries()) {
        const [next, end] = [postings.offsets[term]!, postings.offsets[term + 1]!];
        if (next === end) continue;
        // A term that occurs twice in the query is one term with twice the boost (BooleanQuery.rewrite).
        const weight = Math.fround(Math.fround(count * factor) * idf(end - next, postings.statistics.documents));
        const accumulator = this.#accumulators[settings.combine === 'sum' ? 0 : f]!;
        lists.push({ postings, next, end, weight, accumulator });
      }
    }
    return lists;
  }

  /** Lucene 8's DisjunctionMaxScorer: each field's score as float32, the other fields added up in double. */
  #forEachBestField(tieBreaker: number, top: TopDocuments): void {
    for (const [f, accumulator] of this.#accumulators.entries()) {
      accumulator.forEach((document, score) => {
        let best = Math.fround(score);
        let others = 0;
        for (const [g, other] of this.#accumulators.entries()) {
          if (g === f || !other.has(document)) continue;
          if (g < f) return; // scored when field g was visited
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

/** The first unread posting of a document not below this one, by binary search. */
function lowerBound(document: number, { postings: { documents }, next, end }: List): number {
  let [low, high] = [next, end];
  while (low < high) {
    const middle = low + ((high - low) >>> 1);
    if (documents[middle]! < document) low = middle + 1;
    else high = middle;
  }
  return low;
}
