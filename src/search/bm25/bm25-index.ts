import type { Document } from '../../core/dataset.js';
import { throwIfInterrupted } from '../../core/errors.js';
import type { OnProgress } from '../../core/model.js';
import { rank, type Ranking } from '../../core/run.js';
import { englishTerms } from './english.js';
import { PostingsBuilder, type FieldStatistics, type Postings } from './postings.js';
import { searchOnCallingThread, searchInThreads } from './bm25-threads.js';
import { Bm25Scorer, type QueryTerms, type ScoredDocuments, type ScoredIndex } from './scorer.js';
import { fieldText, type Bm25Field, type Bm25Settings } from './settings.js';
import { adjustTies, tieOrder } from './ties.js';
import { Vocabulary } from './vocabulary.js';

export interface Bm25Statistics {
  readonly documents: number;
  readonly fields: Readonly<Partial<Record<Bm25Field, FieldStatistics>>>;
}

/** Documents between two checks of the abort signal. */
const stride = 1024;
/** From this much work on (in postings read), a search is worth starting threads. */
const minWorkForThreads = 3 << 23;
/** Sorting one document into the ranking costs as much as reading this many postings. */
const postingsPerResult = 32;

/**
 * An in-memory inverted index that scores as Lucene does: English analysis, lengths rounded to one byte, float32 arithmetic
 * (BM25Similarity of Lucene 9; the scores of a query's terms are summed in double, as its scorers do).
 *
 * Lucene breaks ties by its internal document number, that is by the order of indexing. Here documents are numbered in their
 * order among equal scores (Bm25Settings.ties), so that the lower number wins a tie.
 *
 * Memory: 8 bytes per posting (one term in one field of one document), 16 while the index is built.
 */
export class Bm25Index {
  readonly statistics: Bm25Statistics;
  readonly #settings: Bm25Settings;
  /** Document ids by document number. */
  readonly #ids: readonly string[];
  readonly #vocabulary: Vocabulary;
  readonly #scored: ScoredIndex;
  readonly #scorer: Bm25Scorer;

  private constructor(
    settings: Bm25Settings,
    ids: readonly string[],
    vocabulary: Vocabulary,
    fields: readonly Postings[],
  ) {
    this.#settings = settings;
    this.#ids = ids;
    this.#vocabulary = vocabulary;
    this.#scored = { settings, fields, documents: ids.length };
    this.#scorer = new Bm25Scorer(this.#scored);
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
   * The `topK` best documents that share a term with the query, in the order of all rankings (score descending, equal scores
   * by id descending).
   */
  search(query: string, topK: number): Ranking {
    return this.#rankingOf(this.#scorer.search(this.#termsOf(query), topK));
  }

  /**
   * As `search`, for many queries; in worker threads if the work is worth starting them.
   * @returns one ranking per query
   */
  async *searchAll(
    queries: readonly string[],
    topK: number,
    { threads, signal }: { readonly threads: number; readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<Ranking> {
    const terms = queries.map((query) => this.#termsOf(query));
    const work = terms.reduce((sum, query) => sum + this.#workOf(query, topK), 0);
    const found =
      threads > 1 && work >= minWorkForThreads
        ? searchInThreads(this.#scored, terms, topK, threads)
        : searchOnCallingThread(this.#scorer, terms, topK);
    for await (const documents of found) {
      throwIfInterrupted(signal);
      yield this.#rankingOf(documents);
    }
  }

  #rankingOf({ scores, numbers }: ScoredDocuments): Ranking {
    const ids: string[] = [];
    for (const number of numbers) ids.push(this.#ids[number]!);
    return this.#settings.ties === 'anserini' ? rank(ids, adjustTies(scores)) : { ids, scores };
  }

  /** Cost of searching for these terms, in postings read. */
  #workOf(terms: QueryTerms, topK: number): number {
    let postings = 0;
    for (const term of terms.keys())
      for (const { offsets } of this.#scored.fields) postings += offsets[term + 1]! - offsets[term]!;
    return postings + postingsPerResult * Math.min(topK, postings);
  }

  /** The query's terms that are in the index, with their frequencies. */
  #termsOf(query: string): QueryTerms {
    const counts = new Map<number, number>();
    for (const term of englishTerms(query)) {
      const number = this.#vocabulary.numberOf(term);
      if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1);
    }
    return counts;
  }
}

/** Counts a field's terms, one document after another. */
class FieldBuilder {
  readonly #vocabulary: Vocabulary;
  readonly #postings = new PostingsBuilder();
  /** Frequencies by term number; all zero between documents. */
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
