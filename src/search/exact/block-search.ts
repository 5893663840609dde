import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Matrix } from '../../core/model.js';
import { Candidates, roomForScores, type Found, type Scores } from './candidates.js';
import { searchGraph } from './exact-graph.js';
import { mostPlaces } from '../selection/score-order.js';
import { parseShard } from '../../stores/vectors/shard-file.js';
import type { BlockResult, SearchBlock, SearchSetup, Sharing } from './search-block.js';
import { SharedBounds } from './shared-bounds.js';
import type { PackedShard } from './vector-blocks.js';

/** Queries compared at a time. */
const queryBatch = 512;
/**
 * A batch of fewer queries is filled up with zeros: for few columns the kernel (MLAS) adds in another order, and a score
 * must not depend on how many queries there are.
 */
const fewestQueries = 80;
/** The kernel for a single row adds in another order, too. */
const fewestRows = 16;

/**
 * Compares blocks of documents with the queries, one block after another, on one thread: the one that calls
 * (onnxruntime-node computes while its caller waits).
 */
export class BlockSearcher {
  readonly #session: InferenceSession;
  readonly #setup: SearchSetup;
  readonly #batches: readonly QueryBatch[];
  /** Room for what a run gives. */
  readonly #scores: Scores;
  readonly #lengths: Float32Array;
  /** Room for the vectors of a shard that are stored as other numbers. */
  #unpacked = new Float32Array(0);
  /** Room for vectors that cannot be fed where they are. */
  #copied: Float32Array | undefined;
  /** The number of the document with place 0 in what is kept. */
  #stretch = 0;

  private constructor(session: InferenceSession, setup: SearchSetup, sharing: Sharing) {
    const { queries, blockRows, topK } = setup;
    this.#session = session;
    this.#setup = setup;
    this.#batches = batchesOf(queries, topK, new SharedBounds(sharing.scores, sharing.thread, queries.rows, topK));
    const width = Math.max(...this.#batches.map(({ width }) => width));
    this.#scores = roomForScores(blockRows * width);
    this.#lengths = new Float32Array(blockRows);
  }

  static async open(setup: SearchSetup, sharing: Sharing): Promise<BlockSearcher> {
    return new BlockSearcher(await sessionFor(setup.byLength), setup, sharing);
  }

  /** Blocks of one searcher come in the order of their documents. */
  async search({ first, rows, content }: SearchBlock): Promise<BlockResult> {
    const vectors = content instanceof Float32Array ? content : this.#unpack(content, rows);
    if (typeof vectors === 'string') return { damage: vectors };
    const found: Found[] = [];
    for (let start = 0; start < rows; start += this.#setup.blockRows) {
      const count = Math.min(this.#setup.blockRows, rows - start);
      // Places count from the first document of a stretch, and there are only so many.
      if (first + start + count - this.#stretch > mostPlaces) {
        found.push(...this.finish());
        this.#stretch = first + start;
      }
      const badRow = await this.#searchRows(this.#fed(vectors, start, count), count, first + start, found);
      if (badRow !== undefined) return { badRow: start + badRow };
    }
    return { found };
  }

  /** Everything that was kept. */
  finish(): Found[] {
    return this.#batches.map(({ candidates }) => candidates.takeAll(this.#stretch));
  }

  /** The vectors of a shard, or what is wrong with it. */
  #unpack({ file, dtype }: PackedShard, rows: number): Float32Array | string {
    const { columns } = this.#setup.queries;
    if (dtype !== 'float32' && this.#unpacked.length < rows * columns)
      this.#unpacked = new Float32Array(rows * columns);
    const { buffer, byteOffset, byteLength } = file.bytes; // a Buffer handed over to a thread is one no more
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    const matrix = parseShard({ size: file.size, bytes }, dtype, this.#unpacked);
    if (typeof matrix === 'string') return matrix;
    if (matrix.rows === rows && matrix.columns === columns) return matrix.data;
    return `has the shape [${matrix.rows}, ${matrix.columns}], expected [${rows}, ${columns}]`;
  }

  /** Rows of these vectors, as the runtime takes them: so many at least, and not from shared memory. What is beyond does not matter. */
  #fed(vectors: Float32Array, start: number, rows: number): Float32Array {
    const { columns } = this.#setup.queries;
    const fed = Math.max(rows, fewestRows) * columns;
    const found = vectors.subarray(start * columns, start * columns + fed);
    if (found.length === fed && !(found.buffer instanceof SharedArrayBuffer)) return found;
    this.#copied ??= new Float32Array(this.#setup.blockRows * columns);
    this.#copied.set(found);
    return this.#copied.subarray(0, fed);
  }

  /** @returns the row of a document whose numbers cannot be compared */
  async #searchRows(fed: Float32Array, rows: number, first: number, found: Found[]): Promise<number | undefined> {
    for (const batch of this.#batches) {
      const { candidates } = batch;
      candidates.raiseBounds();
      await this.#compare(batch, fed);
      for (let row = 0; row < rows; row++) {
        const comparable = Number.isFinite(this.#lengths[row]);
        if (!comparable || !candidates.offer(this.#scores, row, first - this.#stretch + row)) return row;
      }
      found.push(...candidates.takeFull(this.#stretch));
    }
    return undefined;
  }

  /** Fills the room for what a run gives. */
  async #compare({ queries, candidates, width }: QueryBatch, documents: Float32Array): Promise<void> {
    const columns = queries.dims[1]!;
    const fed = documents.length / columns;
    await this.#session.run(
      {
        documents: new Tensor('float32', documents, [fed, columns]),
        queries,
        bounds: new Tensor('float32', candidates.bounds, [1, width]),
      },
      {
        scores: new Tensor('float32', this.#scores.values.subarray(0, fed * width), [fed, width]),
        misses: new Tensor('bool', this.#scores.misses.subarray(0, fed * width), [fed, width]),
        lengths: new Tensor('float32', this.#lengths.subarray(0, fed), [fed, 1]),
      },
    );
  }
}

/** This thread's sessions, kept for its next search: making one takes as long as searching some thousand documents. */
const sessions = new Map<boolean, Promise<InferenceSession>>();

function sessionFor(byLength: boolean): Promise<InferenceSession> {
  const session =
    sessions.get(byLength) ??
    InferenceSession.create(searchGraph(byLength), { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  sessions.set(byLength, session);
  return session;
}

interface QueryBatch {
  /** [width, dimensions]; rows beyond the queries are zero */
  readonly queries: Tensor;
  readonly width: number;
  readonly candidates: Candidates;
}

function batchesOf({ rows, columns, data }: Matrix, topK: number, shared: SharedBounds): QueryBatch[] {
  const size = Math.ceil(rows / Math.ceil(rows / queryBatch));
  const batches: QueryBatch[] = [];
  for (let first = 0; first < rows; first += size) {
    const count = Math.min(size, rows - first);
    const width = Math.max(4 * Math.ceil(count / 4), fewestQueries);
    const padded = new Float32Array(width * columns);
    padded.set(data.subarray(first * columns, (first + count) * columns));
    const candidates = new Candidates({ first, count, width }, topK, shared);
    batches.push({ queries: new Tensor('float32', padded, [width, columns]), width, candidates });
  }
  return batches;
}
