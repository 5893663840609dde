import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Matrix } from '../core/model.js';
import { Candidates, type Found } from './candidates.js';
import { searchGraph } from './exact-graph.js';

/** What is searched for; can be sent to a worker. */
export interface SearchSetup {
  /** [queries, dimensions], at least one */
  readonly queries: Matrix;
  /** Whether a product is divided by the document's length. */
  readonly byLength: boolean;
  readonly topK: number;
  /** Rows that a block has room for. */
  readonly blockRows: number;
  /** By query: no document below this score is wanted. Raised as more is known, by any thread. */
  readonly bounds: Float32Array<SharedArrayBuffer>;
}

/** What a block of documents gave, or the row of a document whose numbers cannot be compared. */
export type BlockResult = { readonly found: Found } | { readonly badRow: number };

/** Queries compared at a time. */
const queryBatch = 512;
/**
 * A batch of fewer queries is filled up with zeros: for few columns the kernel (MLAS) adds in another order, and a score
 * must not depend on how many queries there are.
 */
const fewestQueries = 80;
/** The kernel for a single row adds in another order, too. */
const fewestRows = 16;
/** Numbers of documents multiplied at a time (6 MiB), so that their products are still in the cache when they are read. */
const partNumbers = 3 << 19;
/** PyTorch's floor of a length in `normalize`, which sentence-transformers' cosine uses. */
const leastLength = 1e-12;

/**
 * Compares blocks of documents with the queries, one block after another, on one thread: the one that calls
 * (onnxruntime-node computes while its caller waits).
 */
export class BlockSearcher {
  readonly #session: InferenceSession;
  readonly #setup: SearchSetup;
  readonly #partRows: number;
  readonly #batches: readonly QueryBatch[];
  readonly #candidates: Candidates;
  /** Room for the outputs of a product. */
  readonly #products: Float32Array;
  readonly #lengths: Float32Array;

  private constructor(session: InferenceSession, setup: SearchSetup) {
    this.#session = session;
    this.#setup = setup;
    const { queries, blockRows, topK } = setup;
    this.#partRows = Math.min(blockRows, Math.max(fewestRows, Math.floor(partNumbers / queries.columns)));
    this.#batches = batchesOf(queries);
    const size = Math.max(...this.#batches.map(({ count }) => count));
    this.#candidates = new Candidates(size, blockRows, topK);
    this.#products = new Float32Array(this.#partRows * Math.max(size, fewestQueries));
    this.#lengths = new Float32Array(this.#partRows);
  }

  static async open(setup: SearchSetup): Promise<BlockSearcher> {
    const session = await InferenceSession.create(searchGraph(), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    return new BlockSearcher(session, setup);
  }

  /**
   * @param vectors room for `blockRows` rows, of which the first `rows` are documents
   */
  async search(vectors: Float32Array, rows: number): Promise<BlockResult> {
    const parts: Found[] = [];
    for (const batch of this.#batches) {
      const { first, count } = batch;
      this.#candidates.reset(this.#setup.bounds.slice(first, first + count));
      for (let row = 0; row < rows; row += this.#partRows) {
        const badRow = await this.#searchPart(batch, vectors, row, Math.min(this.#partRows, rows - row));
        if (badRow !== undefined) return { badRow };
      }
      parts.push(this.#candidates.drain(count));
      raise(this.#setup.bounds.subarray(first, first + count), this.#candidates.bounds);
    }
    return { found: parts.length === 1 ? parts[0]! : concatenated(parts) };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  /** @returns the row of a document that cannot be compared, if there is one */
  async #searchPart(
    { tensor, count }: QueryBatch,
    vectors: Float32Array,
    first: number,
    rows: number,
  ): Promise<number | undefined> {
    const { columns } = this.#setup.queries;
    // The last part may be short: it is moved back over rows that were searched already.
    const fed = Math.min(this.#setup.blockRows, Math.max(rows, fewestRows));
    const start = Math.min(first, this.#setup.blockRows - fed);
    const documents = new Tensor('float32', vectors.subarray(start * columns, (start + fed) * columns), [fed, columns]);
    const stride = tensor.dims[0]!;
    const products = this.#products;
    const lengths = this.#lengths;
    await this.#session.run(
      { documents, queries: tensor },
      {
        products: new Tensor('float32', products.subarray(0, fed * stride), [fed, stride]),
        lengths: new Tensor('float32', lengths.subarray(0, fed), [fed, 1]),
      },
    );
    for (let row = first; row < first + rows; row++) {
      const length = lengths[row - start]!;
      const factor = this.#setup.byLength ? 1 / Math.max(length, leastLength) : 1;
      if (!Number.isFinite(length) || !scan(this.#candidates, products, (row - start) * stride, count, row, factor))
        return row;
    }
    return undefined;
  }
}

/** Lets the others know the bounds found here. Where two threads write at once the lower may stay, which is a bound, too. */
function raise(shared: Float32Array, own: Float32Array): void {
  for (let q = 0; q < shared.length; q++) if (own[q]! > shared[q]!) shared[q] = own[q]!;
}

/** Looks at all scores of a document: the one loop whose time counts. @returns whether all of them are finite */
function scan(
  candidates: Candidates,
  products: Float32Array,
  at: number,
  count: number,
  row: number,
  factor: number,
): boolean {
  const { bounds } = candidates;
  for (let q = 0; q < count; q++) {
    const score = Math.fround(products[at + q]! * factor);
    if (score < bounds[q]!) continue;
    if (!Number.isFinite(score)) return false;
    candidates.add(q, row, score);
  }
  return true;
}

interface QueryBatch {
  readonly first: number;
  readonly count: number;
  /** [count or more, dimensions], rows beyond the count are zero */
  readonly tensor: Tensor;
}

function batchesOf({ rows, columns, data }: Matrix): QueryBatch[] {
  const size = Math.ceil(rows / Math.ceil(rows / queryBatch));
  const batches: QueryBatch[] = [];
  for (let first = 0; first < rows; first += size) {
    const count = Math.min(size, rows - first);
    const padded = new Float32Array(Math.max(count, fewestQueries) * columns);
    padded.set(data.subarray(first * columns, (first + count) * columns));
    batches.push({ first, count, tensor: new Tensor('float32', padded, [padded.length / columns, columns]) });
  }
  return batches;
}

function concatenated(parts: readonly Found[]): Found {
  const total = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  const queries = parts.reduce((sum, { starts }) => sum + starts.length - 1, 0);
  const all = { starts: new Uint32Array(queries + 1), rows: new Uint16Array(total), scores: new Float32Array(total) };
  let [query, slot] = [0, 0];
  for (const { starts, rows, scores } of parts) {
    for (let q = 0; q + 1 < starts.length; q++) all.starts[query++] = slot + starts[q]!;
    all.rows.set(rows, slot);
    all.scores.set(scores, slot);
    slot += rows.length;
  }
  all.starts[query] = slot;
  return all;
}
