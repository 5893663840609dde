import type { Document } from '../../core/dataset.js';
import { throwIfInterrupted } from '../../core/errors.js';
import type { OnProgress } from '../../core/model.js';
import { rank, type Ranking } from '../../core/run.js';
import { TopDocuments } from '../top-documents.js';
import { Accumulator } from './accumulator.js';
import { englishTerms } from './english.js';
import { PostingsBuilder, type FieldStatistics, type Postings } from './postings.js';
import { fieldText, type Bm25Field, type Bm25Settings } from './settings.js';
import { adjustTies, tieOrder } from './ties.js';
import { Vocabulary } from './vocabulary.js';

export interface Bm25Statistics {
  readonly documents: number;
  readonly fields: Readonly<Partial<Record<Bm25Field, FieldStatistics>>>;
}

/** Documents between two looks at the signal. */
const stride = 1024;

/**
 * An inverted index in memory that scores as Lucene does: English analysis, lengths in one lossy byte, float32 arithmetic
 * (BM25Similarity of Lucene 9; scores of a query's terms are added up in double, as its scorers do).
 *
 * Lucene breaks ties by its internal document number, that is by the order of indexing. Here documents are numbered in the
 * order that their ids have among equal scores (Bm25Settings.ties), so that of two ties the lower number wins.
 *
 * Memory: 8 bytes a posting (one term in one field of one document), 16 while the index is built.
 */
export class Bm25Index {
  readonly statistics: Bm25Statistics;
  readonly #settings: Bm25Settings;
  /** Document ids by number. */
  readonly #ids: readonly string[];
  readonly #vocabulary: Vocabulary;
  readonly #fields: readonly Postings[];
  /** One for all fields where their scores are added, else one a field. Between searches they are empty. */
  readonly #accumulators: readonly Accumulator[];
  #top = new TopDocuments(0);

  private constructor(
    settings: Bm25Settings,
    ids: readonly string[],
    vocabulary: Vocabulary,
    fields: readonly Postings[],
  ) {
    this.#settings = settings;
    this.#ids = ids;
    this.#vocabulary = vocabulary;
    this.#fields = fields;
    const accumulators = settings.combine === 'sum' ? 1 : fields.length;
    this.#accumulators = Array.from({ length: accumulators }, () => new Accumulator(ids.length));
    this.statistics = {
      documents: ids.length,
      fields: Object.fromEntries(settings.fields.map((name, f) => [name, fields[f]!.statistics])),
    };
  }

  /**
   * Indexes a stream of documents.
   * @param onProgress called with the number of documents indexed since the last call
   * @throws InputError if two documents have the same id
   */
  static async build(
    documents: AsyncIterable<Document> | Iterable<Document>,
    settings: Bm25Settings,
    onProgress?: OnProgress,
    signal?: AbortSignal,
  ): Promise<Bm25Index> {
    const ids: string[] = [];
    const vocabulary = new Vocabulary();
    const fields = settings.fields.map((name) => ({ name, builder: new FieldBuilder(vocabulary) }));
    for await (const document of documents) {
      for (const { name, builder } of fields) builder.add(fieldText(document, name));
      ids.push(document.id);
      if (ids.length % stride === 0) {
        throwIfInterrupted(signal);
        onProgress?.(stride);
      }
    }
    onProgress?.(ids.length % stride);
    const order = tieOrder(ids, settings.ties);
    const sorted = Array.from(order, (document) => ids[document]!);
    const postings = fields.map(({ builder }) => builder.build(order, settings));
    return new Bm25Index(settings, sorted, vocabulary, postings);
  }

  /**
   * The documents that share a term with the query, at most `topK`, in the order of all rankings (score descending, equal
   * scores by id descending).
   */
  search(query: string, topK: number): Ranking {
    this.#score(query);
    const top = this.#topOf(Math.min(topK, this.#ids.length));
    const { combine } = this.#settings;
    if (combine === 'sum') this.#accumulators[0]!.drainTo(top);
    else {
      this.#forEachBestField(combine.tieBreaker, top);
      for (const accumulator of this.#accumulators) accumulator.clear();
    }
    const { scores, numbers } = top.drain();
    const ids: string[] = [];
    for (const number of numbers) ids.push(this.#ids[number]!);
    return this.#settings.ties === 'anserini' ? rank(ids, adjustTies(scores)) : { ids, scores };
  }

  /** The memory of the search before, where it fits. */
  #topOf(limit: number): TopDocuments {
    if (this.#top.limit !== limit) this.#top = new TopDocuments(limit);
    return this.#top;
  }

  /** Adds the scores of the query's terms up, document by document. */
  #score(query: string): void {
    const { k1, legacyFactor } = this.#settings;
    const factor = legacyFactor ? Math.fround(1 + Math.fround(k1)) : 1;
    for (const [term, count] of this.#queryTerms(query)) {
      for (const [f, { offsets, documents, saturations, statistics }] of this.#fields.entries()) {
        const [start, end] = [offsets[term]!, offsets[term + 1]!];
        if (start === end) continue;
        // A term that occurs twice in the query is one term with twice the boost (BooleanQuery.rewrite).
        const weight = Math.fround(Math.fround(count * factor) * idf(end - start, statistics.documents));
        const accumulator = this.#accumulators[this.#settings.combine === 'sum' ? 0 : f]!;
        accumulator.addPostings(documents, saturations, start, end, weight);
      }
    }
  }

  /** The query's terms that are in the index, with the times they occur. */
  #queryTerms(query: string): Map<number, number> {
    const counts = new Map<number, number>();
    for (const term of englishTerms(query)) {
      const number = this.#vocabulary.numberOf(term);
      if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1);
    }
    return counts;
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

/** Counts a field's terms document by document. */
class FieldBuilder {
  readonly #vocabulary: Vocabulary;
  readonly #postings = new PostingsBuilder();
  /** By term; all zero between documents. */
  #frequencies = new Int32Array(1 << 16);

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  add(text: string): void {
    const terms: number[] = [];
    let length = 0;
    this.#vocabulary.forEachTerm(text, (term) => {
      length++;
      if (term >= this.#frequencies.length) this.#grow(term);
      if (this.#frequencies[term]!++ === 0) terms.push(term);
    });
    this.#postings.add(terms, this.#frequencies, length);
    for (const term of terms) this.#frequencies[term] = 0;
  }

  build(order: Uint32Array, { k1, b }: Bm25Settings): Postings {
    return this.#postings.build(this.#vocabulary.size, order, k1, b);
  }

  #grow(term: number): void {
    const larger = new Int32Array(2 * term);
    larger.set(this.#frequencies);
    this.#frequencies = larger;
  }
}
