import { listsOf, type CandidateLists } from './candidate-lists.js';
import { ScoreHistogram } from './score-histogram.js';
import {
  entryOf,
  maxPositions,
  orderOf,
  orderOfBits,
  orderOfEntry,
  scoreOf,
  scoreOfOrder,
} from '../selection/score-order.js';
import { select } from '../selection/select.js';
import type { ScoreRows } from './score-rows.js';
import type { SharedBounds } from './shared-bounds.js';

const allMisses = 0x01010101;
/** A query's score histogram starts after this many scores; its lowest bin then begins at the `goodOfSample`-th best. */
const sample = 256;
const goodOfSample = 80;

/**
 * One thread's collector of the best documents for a batch of queries. A query keeps its `limit` best documents and all
 * that tie with the last of them: ties are broken by id, and ids are unknown here. A list full of ties is returned early,
 * so that a query needs at most 1.5 times `limit` entries of 8 bytes.
 */
export class TopCollector {
  /** By query: a document with a lower score is not among the best. Padded with infinity to a multiple of four. */
  readonly bounds: Float32Array;
  /** The number of the first query of this batch. */
  readonly firstQuery: number;
  readonly #limit: number;
  /** Maximum length of a list; a full one is reduced to its best entries. */
  readonly #maxLength: number;
  readonly #shared: SharedBounds;
  readonly #lists: Float64Array[];
  readonly #counts: Uint32Array;
  readonly #histogram: ScoreHistogram;
  /** Lists full of ties, to be returned early. */
  readonly #overfull: { query: number; entries: Float64Array }[] = [];

  /**
   * @param queries number of the first query, number of queries, and scores per row (a multiple of four)
   */
  constructor(
    { first, count, width }: { readonly first: number; readonly count: number; readonly width: number },
    limit: number,
    shared: SharedBounds,
  ) {
    this.firstQuery = first;
    this.#limit = limit;
    this.#maxLength = Math.ceil(1.5 * limit) + 16;
    this.#shared = shared;
    this.bounds = new Float32Array(width).fill(Infinity).fill(-Infinity, 0, count);
    this.#lists = Array.from({ length: count }, () => new Float64Array(16));
    this.#counts = new Uint32Array(count);
    this.#histogram = new ScoreHistogram(count, shared.quota);
  }

  /** Takes over higher bounds from the other threads. */
  raiseBounds(): void {
    const { bounds } = this;
    for (let query = 0; query < this.#lists.length; query++)
      bounds[query] = Math.max(bounds[query]!, this.#shared.boundOf(this.firstQuery + query));
  }

  /**
   * Collects a document for each query whose bound its score reaches.
   * @param position of the document, the same in all lists
   * @returns false if such a score is not finite
   */
  offer({ values, bits, misses, fourMisses }: ScoreRows, row: number, position: number): boolean {
    const start = row * this.bounds.length;
    const end = start + this.bounds.length;
    // The hot loop: every score passes through it.
    for (let at = start; at < end; at += 4) {
      if (fourMisses[at >> 2] === allMisses) continue;
      for (let i = at; i < at + 4; i++) {
        if (misses[i] !== 0) continue;
        if (!Number.isFinite(values[i])) return false;
        // The bound may have risen since the graph compared with it.
        if (values[i]! >= this.bounds[i - start]!) this.#add(i - start, position, orderOfBits(bits[i]!));
      }
    }
    return true;
  }

  #add(query: number, position: number, order: number): void {
    const list = this.#lists[query]!;
    const count = this.#counts[query]!;
    list[count] = position - order * maxPositions;
    this.#counts[query] = count + 1;
    this.#count(query, order);
    if (count + 1 === list.length) this.#grow(query);
  }

  /** Returns and empties the lists that are full of ties. @param first the document number of position 0 */
  takeOverfull(first: number): CandidateLists[] {
    return this.#overfull.splice(0).map(({ query, entries }) => listsOf([query], [entries], first));
  }

  /** Returns and empties all lists; the bounds stay. @param first the document number of position 0 */
  takeAll(first: number): CandidateLists {
    for (let query = 0; query < this.#lists.length; query++) {
      if (this.#counts[query]! >= this.#shared.quota) this.#raise(query, this.#nthScore(query, this.#shared.quota));
    }
    this.raiseBounds();
    const lists = this.#lists.map((_, query) => this.#take(query));
    const queries = lists.map((_, query) => this.firstQuery + query);
    return listsOf(queries, lists, first);
  }

  /** Doubles a full list or, at maximum length, reduces it to its best entries. */
  #grow(query: number): void {
    const list = this.#lists[query]!;
    if (list.length < this.#maxLength) {
      this.#lists[query] = new Float64Array(Math.min(this.#maxLength, 2 * list.length));
      this.#lists[query].set(list);
      if (list.length === sample) this.#startHistogram(query, goodOfSample);
      return;
    }
    const enough = (this.#limit + this.#maxLength) / 2;
    this.#drop(query);
    if (this.#counts[query]! <= enough) return;
    this.#sift(query);
    if (this.#counts[query]! > enough) {
      this.#overfull.push({ query: this.firstQuery + query, entries: this.#take(query).slice() });
    } else if (this.#counts[query]! > 0) {
      this.#startHistogram(query, Math.min(this.#counts[query]!, this.#shared.quota));
    }
  }

  /** A query's best entries, sorted, in memory that the next entries overwrite. */
  #take(query: number): Float64Array {
    this.#drop(query);
    const taken = this.#lists[query]!.subarray(0, this.#counts[query]).sort();
    this.#counts[query] = 0;
    return taken;
  }

  /** Raises the bound of a list longer than the limit as far as possible, and drops the entries below it. */
  #sift(query: number): void {
    this.#raise(query, this.#nthScore(query, this.#shared.quota));
    this.#drop(query);
    if (this.#counts[query]! < this.#limit) return;
    this.bounds[query] = Math.max(this.bounds[query]!, this.#nthScore(query, this.#limit));
    this.#drop(query);
  }

  /** The n-th best score of a list with at least n entries. */
  #nthScore(query: number, n: number): number {
    const list = this.#lists[query]!;
    select(list, 0, this.#counts[query]! - 1, n - 1);
    return scoreOf(list[n - 1]!);
  }

  /** Drops the entries below the bound. */
  #drop(query: number): void {
    const list = this.#lists[query]!;
    const end = entryOf(this.bounds[query]!, 0) + maxPositions; // smaller entries reach the bound
    const count = this.#counts[query]!;
    let kept = 0;
    for (let i = 0; i < count; i++) if (list[i]! < end) list[kept++] = list[i]!;
    this.#counts[query] = kept;
  }

  /** @param score that at least `quota` documents of this thread reach */
  #raise(query: number, score: number): void {
    this.#shared.publish(this.firstQuery + query, score);
    this.bounds[query] = Math.max(this.bounds[query]!, this.#shared.boundOf(this.firstQuery + query));
  }

  /** Starts the histogram at the n-th best score; once `quota` scores reach that, each better score may raise the bound. */
  #startHistogram(query: number, n: number): void {
    const lowest = orderOf(this.#nthScore(query, n));
    const list = this.#lists[query]!;
    const count = this.#counts[query]!;
    let best = Infinity;
    for (let i = 0; i < n; i++) best = Math.min(best, list[i]!);
    this.#histogram.start(query, lowest, orderOfEntry(best));
    for (let i = 0; i < count; i++) this.#count(query, orderOfEntry(list[i]!));
  }

  #count(query: number, order: number): void {
    if (this.#histogram.add(query, order)) this.#raise(query, scoreOfOrder(this.#histogram.height(query)));
  }
}
