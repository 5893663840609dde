import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Similarity } from '../../core/system-fields.js';
import { TopCollector } from './top-collector.js';
import { DistanceRows, longestVector } from './distance-rows.js';
import { allocateScores, type ScoreRows } from './score-rows.js';
import type { CandidateLists } from './candidate-lists.js';
import { searchGraph } from './exact-graph.js';
import { maxPositions } from '../selection/score-order.js';
import { parseShard } from '../../stores/vectors/shard-file.js';
import type { BlockResult, SearchBlock, SearchSetup, BoundsAccess } from './search-block.js';
import { SharedBounds } from './shared-bounds.js';
import type { PackedShard } from './vector-blocks.js';

/** Queries per matrix product. */
const queryBatch = 512;
/**
 * Smaller batches of queries are padded with zeros: for few columns the kernel (MLAS) adds in another order, and a score
 * must not depend on the number of queries.
 */
const minQueries = 80;
/** Smaller blocks are padded too: for a single row the kernel adds in another order as well. */
const minRows = 16;

/**
 * Scores one block of documents after another against the queries, on the calling thread (onnxruntime-node computes
 * while its caller waits).
 */
export class BlockSearcher {
  readonly #session: InferenceSession;
  readonly #setup: SearchSetup;
  readonly #batches: readonly QueryBatch[];
  /** Reused memory for the outputs of the graph. */
  readonly #scores: ScoreRows;
  readonly #lengths: Float32Array;
  /** Reused memory for the vectors of a shard that is not stored as float32. */
  #unpacked = new Float32Array(0);
  /** Reused memory for vectors that the runtime cannot read in place. */
  #copied: Float32Array | undefined;
  /** The document number that position 0 of an entry stands for. */
  #origin = 0;

  private constructor(session: InferenceSession, setup: SearchSetup, bounds: BoundsAccess) {
    const { queries, blockRows, topK } = setup;
    this.#session = session;
    this.#setup = setup;
    this.#batches = batchesOf(setup, new SharedBounds(bounds.scores, bounds.thread, queries.rows, topK));
    const width = Math.max(...this.#batches.map(({ width }) => width));
    this.#scores = allocateScores(blockRows * width);
    this.#lengths = new Float32Array(blockRows);
  }

  static async open(setup: SearchSetup, bounds: BoundsAccess): Promise<BlockSearcher> {
    return new BlockSearcher(await sessionFor(setup.similarity, setup.queries.columns), setup, bounds);
  }

  /** Searches a block. Blocks must come in the order of their documents. */
  async search({ first, rows, content }: SearchBlock): Promise<BlockResult> {
    const vectors = content instanceof Float32Array ? content : this.#unpack(content, rows);
    if (typeof vectors === 'string') return { damage: vectors };
    const found: CandidateLists[] = [];
    for (let start = 0; start < rows; start += this.#setup.blockRows) {
      const count = Math.min(this.#setup.blockRows, rows - start);
      // An entry counts positions from the origin and has room for a limited number of them.
      if (first + start + count - this.#origin > maxPositions) {
        found.push(...this.finish());
        this.#origin = first + start;
      }
      const badRow = await this.#searchRows(this.#inputOf(vectors, start, count), count, first + start, found);
      if (badRow !== undefined) return { badRow: start + badRow };
    }
    return { found };
  }

  /** All documents collected and not returned yet. */
  finish(): CandidateLists[] {
    return this.#batches.map(({ candidates }) => candidates.takeAll(this.#origin));
  }

  /** The vectors of a shard, or a description of its damage. */
  #unpack({ file, dtype }: PackedShard, rows: number): Float32Array | string {
    const { columns } = this.#setup.queries;
    if (dtype !== 'float32' && this.#unpacked.length < rows * columns)
      this.#unpacked = new Float32Array(rows * columns);
    const { buffer, byteOffset, byteLength } = file.bytes; // a transferred Buffer arrives as a plain Uint8Array
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    const matrix = parseShard({ size: file.size, bytes }, dtype, this.#unpacked);
    if (typeof matrix === 'string') return matrix;
    if (matrix.rows === rows && matrix.columns === columns) return matrix.data;
    return `has the shape [${matrix.rows}, ${matrix.columns}], expected [${rows}, ${columns}]`;
  }

  /** Vectors as input of the graph: at least `minRows` rows, not in shared memory. Rows beyond `rows` are ignored. */
  #inputOf(vectors: Float32Array, start: number, rows: number): Float32Array {
    const { columns } = this.#setup.queries;
    const fed = Math.max(rows, minRows) * columns;
    const found = vectors.subarray(start * columns, start * columns + fed);
    if (found.length === fed && !(found.buffer instanceof SharedArrayBuffer)) return found;
    this.#copied ??= new Float32Array(this.#setup.blockRows * columns);
    this.#copied.set(found);
    return this.#copied.subarray(0, fed);
  }

  /** @returns the row of a document whose vector or score is NaN or infinite */
  async #searchRows(
    fed: Float32Array,
    rows: number,
    first: number,
    found: CandidateLists[],
  ): Promise<number | undefined> {
    const { columns } = this.#setup.queries;
    for (const batch of this.#batches) {
      const { candidates, distances } = batch;
      candidates.raiseBounds();
      await this.#compare(batch, fed);
      const longest = distances === null ? Number.MAX_VALUE : longestVector;
      for (let row = 0; row < rows; row++) {
        const comparable = this.#lengths[row]! <= longest;
        if (comparable && distances !== null) {
          const document = fed.subarray(row * columns, (row + 1) * columns);
          distances.refine(this.#scores, row, document, candidates.bounds);
        }
        if (!comparable || !candidates.offer(this.#scores, row, first - this.#origin + row)) return row;
      }
      found.push(...candidates.takeOverfull(this.#origin));
    }
    return undefined;
  }

  /** Runs the graph into `#scores` and `#lengths`. */
  async #compare({ queries, candidates, width }: QueryBatch, documents: Float32Array): Promise<void> {
    const columns = queries.dims[1]!;
    const fed = documents.length / columns;
    const [values, misses] = [this.#scores.values, this.#scores.misses].map((all) => all.subarray(0, fed * width));
    const given = { documents: new Tensor('float32', documents, [fed, columns]) };
    const lengths = new Tensor('float32', this.#lengths.subarray(0, fed), [fed, 1]);
    if (this.#setup.similarity === 'manhattan') {
      values!.fill(0); // the upper limit of negative distances
      misses!.fill(0);
      await this.#session.run(given, { lengths });
      return;
    }
    await this.#session.run(
      { ...given, queries, bounds: new Tensor('float32', candidates.bounds, [1, width]) },
      {
        scores: new Tensor('float32', values as Float32Array, [fed, width]),
        misses: new Tensor('bool', misses as Uint8Array, [fed, width]),
        lengths,
      },
    );
  }
}

/** This thread's sessions. They are reused: creating one takes as long as searching thousands of documents. */
const sessions = new Map<string, Promise<InferenceSession>>();

/** @param dimensions of the vectors; only the graph of `euclidean` depends on them */
function sessionFor(similarity: Similarity, dimensions: number): Promise<InferenceSession> {
  const key = similarity === 'euclidean' ? `${similarity} ${dimensions}` : similarity;
  const session =
    sessions.get(key) ??
    InferenceSession.create(searchGraph(similarity, dimensions), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  sessions.set(key, session);
  return session;
}

interface QueryBatch {
  /** [width, dimensions]; rows beyond the queries are zero. */
  readonly queries: Tensor;
  readonly width: number;
  readonly candidates: TopCollector;
  /** Null for similarities that the graph computes itself. */
  readonly distances: DistanceRows | null;
}

function batchesOf({ queries: all, topK, similarity }: SearchSetup, shared: SharedBounds): QueryBatch[] {
  const { rows, columns, data } = all;
  const size = Math.ceil(rows / Math.ceil(rows / queryBatch));
  const batches: QueryBatch[] = [];
  for (let first = 0; first < rows; first += size) {
    const count = Math.min(size, rows - first);
    const width = Math.max(4 * Math.ceil(count / 4), minQueries);
    const padded = new Float32Array(width * columns);
    padded.set(data.subarray(first * columns, (first + count) * columns));
    const candidates = new TopCollector({ first, count, width }, topK, shared);
    const isDistance = similarity === 'euclidean' || similarity === 'manhattan';
    const distances = isDistance ? new DistanceRows(similarity, all, { first, count }) : null;
    batches.push({ queries: new Tensor('float32', padded, [width, columns]), width, candidates, distances });
  }
  return batches;
}
