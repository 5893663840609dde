import { byteToLength, lengthToByte } from './lengths.js';

/**
 * A field's postings lists: those of term t are entries `offsets[t]` to `offsets[t + 1]`. They are in shared memory, so that
 * threads read them without a copy.
 */
export interface Postings {
  readonly offsets: Uint32Array;
  /** Document numbers, ascending within a term. */
  readonly documents: Int32Array;
  /** 1 + frequency / (k1 (1 - b + b length / average length)): the part of BM25 that does not depend on the query. */
  readonly saturations: Float32Array;
  readonly statistics: FieldStatistics;
}

/** Lucene's collection statistics of a field. */
export interface FieldStatistics {
  /** Documents that have at least one term in the field. */
  readonly documents: number;
  /** Terms in the field over all documents. */
  readonly terms: number;
  /** Distinct terms. */
  readonly uniqueTerms: number;
  readonly postings: number;
}

/** Collects a field's term frequencies, one document after another, in typed arrays: 8 bytes per posting. */
export class PostingsBuilder {
  readonly #terms = new Int32Stream();
  readonly #frequencies = new Int32Stream();
  /** The end of each document's entries. */
  readonly #ends = new Int32Stream();
  readonly #lengths = new Int32Stream();
  #total = 0;

  /** Adds the next document: its distinct terms with their frequencies, and its length in terms. */
  add(terms: readonly number[], frequencies: Int32Array, length: number): void {
    for (const term of terms) {
      this.#terms.push(term);
      this.#frequencies.push(frequencies[term]!);
    }
    this.#ends.push(this.#terms.length);
    this.#lengths.push(length);
    this.#total += length;
  }

  /**
   * Inverts the collected postings. Each step rounds to float32, as Lucene 9's BM25Similarity does.
   * @param vocabulary number of terms in the index
   * @param order documents in index order, each by its position in the order of `add`
   */
  build(vocabulary: number, order: Uint32Array, k1: number, b: number): Postings {
    const { offsets, uniqueTerms } = this.#offsets(vocabulary);
    const documents = new Int32Array(new SharedArrayBuffer(4 * this.#terms.length));
    const saturations = new Float32Array(new SharedArrayBuffer(4 * this.#terms.length));
    const statistics = {
      documents: this.#lengths.count((length) => length > 0),
      terms: this.#total,
      uniqueTerms,
      postings: this.#terms.length,
    };
    const inverseNorms = inverseNormTable(k1, b, this.#total / statistics.documents);
    const next = offsets.slice();
    for (const [number, document] of order.entries()) {
      const inverseNorm = inverseNorms[lengthToByte(this.#lengths.at(document))]!;
      const end = this.#ends.at(document);
      for (let i = document === 0 ? 0 : this.#ends.at(document - 1); i < end; i++) {
        const slot = next[this.#terms.at(i)]!++;
        documents[slot] = number;
        saturations[slot] = 1 + Math.fround(this.#frequencies.at(i) * inverseNorm);
      }
    }
    return { offsets, documents, saturations, statistics };
  }

  #offsets(vocabulary: number): { offsets: Uint32Array; uniqueTerms: number } {
    const offsets = new Uint32Array(new SharedArrayBuffer(4 * (vocabulary + 1)));
    for (let i = 0; i < this.#terms.length; i++) offsets[this.#terms.at(i) + 1]!++;
    let uniqueTerms = 0;
    for (let term = 0; term < vocabulary; term++) {
      if (offsets[term + 1]! > 0) uniqueTerms++;
      offsets[term + 1]! += offsets[term]!;
    }
    return { offsets, uniqueTerms };
  }
}

/** 1 / (k1 (1 - b + b length / average)) for each length byte, rounded to float32 after each operation, as Java does. */
function inverseNormTable(k1: number, b: number, averageLength: number): Float32Array {
  const f = Math.fround;
  const [k, slope, average] = [f(k1), f(b), f(averageLength)];
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const relative = f(f(slope * f(byteToLength(byte))) / average);
    return 1 / f(k * f(f(1 - slope) + relative));
  });
}

const chunkBits = 20;
const chunkSize = 1 << chunkBits;

/** A growing list of integers that is never copied: it adds arrays of a million each. */
class Int32Stream {
  readonly #chunks: Int32Array[] = [];
  #last = new Int32Array(0);
  #used = chunkSize;
  length = 0;

  push(value: number): void {
    if (this.#used === chunkSize) {
      this.#last = new Int32Array(chunkSize);
      this.#chunks.push(this.#last);
      this.#used = 0;
    }
    this.#last[this.#used++] = value;
    this.length++;
  }

  at(index: number): number {
    return this.#chunks[index >>> chunkBits]![index & (chunkSize - 1)]!;
  }

  count(test: (value: number) => boolean): number {
    let count = 0;
    for (let i = 0; i < this.length; i++) if (test(this.at(i))) count++;
    return count;
  }
}
