import { ScoreHistogram } from './score-histogram.js';
import {
  entryOf,
  mostPlaces,
  orderOf,
  orderOfBits,
  orderOfEntry,
  scoreOf,
  scoreOfOrder,
} from '../selection/score-order.js';
import { select } from '../selection/select.js';
import type { SharedBounds } from './shared-bounds.js';

/** Documents that may be among the best: list i is query `queries[i]`'s and goes from `starts[i]` to `starts[i + 1]`. */
export interface Found {
  readonly queries: Uint32Array;
  readonly starts: Uint32Array;
  /** Best first within a list; of equal scores, in any order. The place in an entry (score-order.ts) counts from `first`. */
  readonly entries: Float64Array;
  /** The number of the document with place 0. */
  readonly first: number;
}

/** Scores of documents, row by row, a row being as wide as the bounds are. */
export interface Scores {
  readonly values: Float32Array;
  /** The same memory as `values`, as whole numbers. */
  readonly bits: Int32Array;
  /** 1 where a score is below its query's bound, else 0. */
  readonly misses: Uint8Array;
  /** The same memory as `misses`, four at a time. */
  readonly fourMisses: Int32Array;
}

export function roomForScores(count: number): Scores {
  const [values, misses] = [new Float32Array(count), new Uint8Array(count)];
  return { values, bits: new Int32Array(values.buffer), misses, fourMisses: new Int32Array(misses.buffer) };
}

const allMisses = 0x01010101;
/** Scores of a query, the first, by which it is chosen which heights are told apart: from the 80th best of 256 upwards. */
const sample = 256;
const goodOfSample = 80;

/**
 * The best of many documents for some queries, gathered by one thread. A query keeps its `limit` best and whatever equals the
 * last of them: which of equal scores to take is decided by ids, which are not known here. A list that equal scores fill is
 * handed on, so that a query takes no more than 1.5 times `limit` entries of 8 bytes.
 */
export class Candidates {
  /** By query: a document with a lower score is not among the best. Filled up to a multiple of four, with infinity. */
  readonly bounds: Float32Array;
  /** The number of the first of these queries among all. */
  readonly firstQuery: number;
  readonly #limit: number;
  /** Entries that a list has room for before it is sifted. */
  readonly #room: number;
  readonly #shared: SharedBounds;
  readonly #lists: Float64Array[];
  readonly #counts: Uint32Array;
  readonly #histogram: ScoreHistogram;
  /** Lists to be handed on. */
  readonly #full: { query: number; entries: Float64Array }[] = [];

  /**
   * @param queries the number of the first among all, how many they are, and how many scores there are in a row, a multiple of four
   */
  constructor(
    { first, count, width }: { readonly first: number; readonly count: number; readonly width: number },
    limit: number,
    shared: SharedBounds,
  ) {
    this.firstQuery = first;
    this.#limit = limit;
    this.#room = Math.ceil(1.5 * limit) + 16;
    this.#shared = shared;
    this.bounds = new Float32Array(width).fill(Infinity).fill(-Infinity, 0, count);
    this.#lists = Array.from({ length: count }, () => new Float64Array(16));
    this.#counts = new Uint32Array(count);
    this.#histogram = new ScoreHistogram(count, shared.share);
  }

  /** Takes over what other threads know. */
  raiseBounds(): void {
    const { bounds } = this;
    for (let query = 0; query < this.#lists.length; query++)
      bounds[query] = Math.max(bounds[query]!, this.#shared.boundOf(this.firstQuery + query));
  }

  /**
   * Looks at a document's scores that are not below the bounds.
   * @param place the document's, in all lists
   * @returns false where a score that matters is not finite
   */
  offer({ values, bits, misses, fourMisses }: Scores, row: number, place: number): boolean {
    const start = row * this.bounds.length;
    const end = start + this.bounds.length;
    // All scores pass through this loop, so that its time counts.
    for (let at = start; at < end; at += 4) {
      if (fourMisses[at >> 2] === allMisses) continue;
      for (let i = at; i < at + 4; i++) {
        if (misses[i] !== 0) continue;
        if (!Number.isFinite(values[i])) return false;
        // The bound may be higher by now.
        if (values[i]! >= this.bounds[i - start]!) this.#add(i - start, place, orderOfBits(bits[i]!));
      }
    }
    return true;
  }

  #add(query: number, place: number, order: number): void {
    const list = this.#lists[query]!;
    const count = this.#counts[query]!;
    list[count] = place - order * mostPlaces;
    this.#counts[query] = count + 1;
    this.#count(query, order);
    if (count + 1 === list.length) this.#makeRoom(query);
  }

  /** The lists that are full of equal scores; they are empty afterwards. @param first the number of the document with place 0 */
  takeFull(first: number): Found[] {
    return this.#full.splice(0).map(({ query, entries }) => foundOf([query], [entries], first));
  }

  /** All that is kept; nothing is kept afterwards but the bounds. @param first the number of the document with place 0 */
  takeAll(first: number): Found {
    for (let query = 0; query < this.#lists.length; query++) {
      if (this.#counts[query]! >= this.#shared.share) this.#raise(query, this.#nthScore(query, this.#shared.share));
    }
    this.raiseBounds();
    const lists = this.#lists.map((_, query) => this.#take(query));
    const queries = lists.map((_, query) => this.firstQuery + query);
    return foundOf(queries, lists, first);
  }

  /** Makes a list that is full longer or, once it has all its room, drops what is not among the best. */
  #makeRoom(query: number): void {
    const list = this.#lists[query]!;
    if (list.length < this.#room) {
      this.#lists[query] = new Float64Array(Math.min(this.#room, 2 * list.length));
      this.#lists[query].set(list);
      if (list.length === sample) this.#startHistogram(query, goodOfSample);
      return;
    }
    const enough = (this.#limit + this.#room) / 2;
    this.#drop(query);
    if (this.#counts[query]! <= enough) return;
    this.#sift(query);
    if (this.#counts[query]! > enough) {
      this.#full.push({ query: this.firstQuery + query, entries: this.#take(query).slice() });
    } else if (this.#counts[query]! > 0) {
      this.#startHistogram(query, Math.min(this.#counts[query]!, this.#shared.share));
    }
  }

  /** A query's best entries, in order, in memory that the next entries overwrite. */
  #take(query: number): Float64Array {
    this.#drop(query);
    const taken = this.#lists[query]!.subarray(0, this.#counts[query]).sort();
    this.#counts[query] = 0;
    return taken;
  }

  /** Raises the bound of a list longer than the limit as far as that is possible, and drops what is below. */
  #sift(query: number): void {
    this.#raise(query, this.#nthScore(query, this.#shared.share));
    this.#drop(query);
    if (this.#counts[query]! < this.#limit) return;
    this.bounds[query] = Math.max(this.bounds[query]!, this.#nthScore(query, this.#limit));
    this.#drop(query);
  }

  /** The n-th best score in a list, which has so many. */
  #nthScore(query: number, n: number): number {
    const list = this.#lists[query]!;
    select(list, 0, this.#counts[query]! - 1, n - 1);
    return scoreOf(list[n - 1]!);
  }

  /** Drops what is below the bound. */
  #drop(query: number): void {
    const list = this.#lists[query]!;
    const end = entryOf(this.bounds[query]!, 0) + mostPlaces; // entries below this have the score or a better one
    const count = this.#counts[query]!;
    let kept = 0;
    for (let i = 0; i < count; i++) if (list[i]! < end) list[kept++] = list[i]!;
    this.#counts[query] = kept;
  }

  /** @param score that `share` documents of this thread reach */
  #raise(query: number, score: number): void {
    this.#shared.tell(this.firstQuery + query, score);
    this.bounds[query] = Math.max(this.bounds[query]!, this.#shared.boundOf(this.firstQuery + query));
  }

  /** From now on the bound goes up with each score, once `share` of them are as good as the n-th best is now. */
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

function foundOf(queries: readonly number[], lists: readonly Float64Array[], first: number): Found {
  const starts = new Uint32Array(lists.length + 1);
  for (const [i, list] of lists.entries()) starts[i + 1] = starts[i]! + list.length;
  const entries = new Float64Array(starts[lists.length]!);
  for (const [i, list] of lists.entries()) entries.set(list, starts[i]);
  return { queries: Uint32Array.from(queries), starts, entries, first };
}
