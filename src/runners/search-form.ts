import type { Matrix } from '../core/model.js';
import { rank, type Ranking } from '../core/run.js';
import type { Similarity } from '../core/system-fields.js';
import type { VectorChunk } from '../search/index.js';
import {
  emptyRanges,
  firstDimensions,
  int8Codes,
  int8Values,
  signs,
  widenRanges,
  type Ranges,
} from '../search/quantization.js';
import { cosine, dot, negativeDistance, negativeManhattan } from './similarity.js';
import type { VectorForm } from './vector-forms.js';

/** Documents' vectors as they are stored, read again at each call. */
export type ReadDocuments = () => AsyncIterable<VectorChunk>;

/** Makes one form of stored vectors, for queries and documents. */
export class FormMaker {
  readonly #form: VectorForm;
  readonly #normalized: boolean;
  #ranges: Ranges | undefined;

  /** @param normalized true if the model's vectors have length 1, so that cut ones get it again */
  constructor(form: VectorForm, normalized: boolean) {
    this.#form = form;
    this.#normalized = normalized;
  }

  /** Reads the documents once if the form depends on all of them: int8's steps divide the range of each dimension. */
  async calibrate(documents: ReadDocuments): Promise<void> {
    if (this.#form.precision !== 'int8') return;
    for await (const { vectors } of documents()) {
      const cut = this.cut(vectors);
      this.#ranges ??= emptyRanges(cut.columns);
      widenRanges(this.#ranges, cut);
    }
  }

  /** Only cut: the vectors that a float32 query is compared by. */
  cut(vectors: Matrix): Matrix {
    const { dimensions } = this.#form;
    return dimensions === null ? vectors : firstDimensions(vectors, dimensions, this.#normalized);
  }

  /** The vectors that are searched. */
  make(vectors: Matrix): Matrix {
    const cut = this.cut(vectors);
    const { precision } = this.#form;
    if (precision === 'float32') return cut;
    return precision === 'binary' ? signs(cut) : int8Codes(cut, this.#ranges!);
  }

  /** The documents' vectors that a float32 query is compared with when the found documents are put in order. */
  restore(vectors: Matrix): Matrix {
    const made = this.make(vectors);
    return this.#form.precision === 'int8' ? int8Values(made, this.#ranges!) : made;
  }
}

const formulas: Readonly<Record<Similarity, (a: Float32Array, b: Float32Array) => number>> = {
  ...{ cosine, dot, euclidean: negativeDistance, manhattan: negativeManhattan },
};

/**
 * Puts found documents in the order of the similarity of float32 queries and restored documents; the best `topK` stay. By
 * bits, that is the inner product with 1 and -1, as sentence-transformers rescores (with 1 and 0, which ranks alike).
 * @param queries cut, not quantized
 */
export async function rescored(
  found: readonly Ranking[],
  queries: Matrix,
  documents: ReadDocuments,
  maker: FormMaker,
  { topK, similarity }: { readonly topK: number; readonly similarity: Similarity },
): Promise<Ranking[]> {
  const wanted = new Map<string, { query: number; at: number }[]>();
  found.forEach(({ ids }, query) => {
    ids.forEach((id, at) => wanted.set(id, [...(wanted.get(id) ?? []), { query, at }]));
  });
  const scores = found.map(({ ids }) => new Float64Array(ids.length));
  const rowOf = ({ columns, data }: Matrix, row: number): Float32Array =>
    data.subarray(row * columns, (row + 1) * columns);
  for await (const { ids, vectors } of documents()) {
    const restored = maker.restore(vectors);
    ids.forEach((id, row) => {
      for (const { query, at } of wanted.get(id) ?? [])
        scores[query]![at] = formulas[similarity](rowOf(queries, query), rowOf(restored, row));
    });
  }
  return found.map(({ ids }, query) => rank(ids, scores[query]!, topK));
}
