import { isAscii } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { InputError } from '../core/errors.js';
import { writeFileAtomic } from '../io/files.js';
import { lineBlocks } from '../io/lines.js';
import { inRankingOrder, type Ranking, type Run } from '../core/run.js';
import { fieldsOf, parseScore } from './run-line.js';

/** One query's part of a run. */
export interface QueryRanking {
  readonly query: string;
  readonly ranking: Ranking;
}

export interface RunFileOptions {
  /**
   * Order of documents with equal scores. `id`: trec_eval's (document id descending; scores compared as float32). `file`:
   * their order in the file (scores compared as float64), as BEIR's own measures see them.
   */
  readonly ties?: 'id' | 'file';
  /**
   * Scores that are infinite, or become so as a float32. `refuse`: an error, since no model should give them. `accept`: they
   * are ranked before or after all others, as in trec_eval. A score that is not a number is always refused. Default: refuse.
   */
  readonly infinite?: 'refuse' | 'accept';
}

/** A query's lines are not contiguous, so its ranking is not complete before the end of the file: use {@link readRun}. */
export class UngroupedRunError extends InputError {}

/**
 * Reads a TREC run file into memory: lines of `query Q0 document rank score tag`, separated by white space, plain or gzip.
 * Only query, document and score count, as in trec_eval: ranks follow from the scores. Empty lines and lines that begin
 * with # are skipped. Queries keep the order in which they first appear; their lines need not be contiguous.
 * @throws InputError with the line number for a wrong number of columns, a score that is not a finite float32 (see
 * {@link RunFileOptions}) or a document that occurs twice for a query, and for a file without any line
 */
export async function readRun(path: string, options: RunFileOptions = {}): Promise<Run> {
  const rows = new Map<string, Rows>();
  const blocks = blocksOfRows(path, options, (query) => rows.get(query) ?? newRows(rows, query));
  while ((await blocks.next()).done !== true);
  return new Map(Array.from(rows, ([query, queryRows]) => [query, rankingOf(queryRows, query, path, options)]));
}

/**
 * As {@link readRun}, but reads query by query, with one query in memory.
 * @throws UngroupedRunError at a line whose query occurred before another one
 */
export async function* streamRun(path: string, options: RunFileOptions = {}): AsyncGenerator<QueryRanking> {
  const seen = new Set<string>();
  const open = new Map<string, Rows>();
  const start = (query: string, line: number): Rows => {
    if (seen.has(query))
      throw new UngroupedRunError(
        `${path}: line ${line}: query ${query} occurred before; its lines are not contiguous`,
      );
    seen.add(query);
    return newRows(open, query);
  };
  for await (const last of blocksOfRows(path, options, start)) {
    for (const [query, rows] of open) {
      if (query === last) continue;
      yield { query, ranking: rankingOf(rows, query, path, options) };
      open.delete(query);
    }
  }
  for (const [query, rows] of open) yield { query, ranking: rankingOf(rows, query, path, options) };
}

/**
 * Writes a TREC run file, atomically: queries in the order of the run, ranks from 1, scores in the fewest digits that
 * read back as the same float32. A path that ends in .gz is compressed; equal runs give equal bytes. A query with an empty
 * ranking gets no line.
 * @param tag the last column: a name of the system, without white space
 */
export async function writeRun(path: string, run: Run, tag: string): Promise<void> {
  requireField('tag', tag);
  const lines = Readable.from(runLines(run, tag));
  if (!path.endsWith('.gz')) return writeFileAtomic(path, lines);
  // A failure of either stream destroys the other and reaches the reader, so the callback has nothing to do.
  return writeFileAtomic(
    path,
    pipeline(lines, createGzip({ level: 6 }), () => undefined),
  );
}

function* runLines(run: Run, tag: string): Generator<string> {
  for (const [query, { ids, scores }] of run) {
    requireField('query id', query);
    let text = '';
    for (let i = 0; i < ids.length; i++) {
      requireField('document id', ids[i]!);
      requireFinite(scores[i]!, query, ids[i]!);
      text += `${query} Q0 ${ids[i]!} ${i + 1} ${shortestFloat32(scores[i]!)} ${tag}\n`;
    }
    if (text !== '') yield text;
  }
}

function requireField(what: string, value: string): void {
  if (value === '' || /[\t-\r ]/.test(value))
    throw new InputError(`the ${what} "${value}" cannot be written to a run file, whose columns end at white space`);
}

function requireFinite(score: number, query: string, document: string): void {
  if (!Number.isFinite(score))
    throw new InputError(
      `the score of document ${document} for query ${query} is ${score}; only finite scores are written`,
    );
}

/**
 * The fewest digits that read back as the same float32 (subnormal numbers may get more). Six digits always survive a
 * float32, and nine distinguish any two, so four lengths are tried.
 */
export function shortestFloat32(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return String(decimal);
  }
  return String(Number(value.toPrecision(9)));
}

/** A query's lines in the order of the file; `lines` are their numbers. */
interface Rows {
  readonly ids: string[];
  readonly scores: number[];
  readonly lines: number[];
}

function newRows(all: Map<string, Rows>, query: string): Rows {
  const rows: Rows = { ids: [], scores: [], lines: [] };
  all.set(query, rows);
  return rows;
}

/**
 * Parses the file block by block; yields after each block the query of its last line. Runs of 10,000 queries have ten
 * million lines, so columns are parsed in place: only document ids become strings.
 * @param rowsOf returns the rows of a query; called when a line's query differs from that of the previous line
 */
async function* blocksOfRows(
  path: string,
  { infinite = 'refuse' }: RunFileOptions,
  rowsOf: (query: string, line: number) => Rows,
): AsyncGenerator<string> {
  const bounds = new Uint32Array(12);
  let query = '';
  let rows: Rows | undefined;
  for await (const { firstLine, bytes } of lineBlocks(path)) {
    const text = isAscii(bytes) ? bytes.toString('latin1') : bytes.toString('utf8');
    let line = firstLine;
    let end;
    for (let start = 0; start < text.length; start = end + 1, line++) {
      end = text.indexOf('\n', start);
      if (end < 0) end = text.length;
      const columns = fieldsOf(text, start, end, bounds);
      if (columns === 0 || isComment(text, columns, bounds)) continue;
      if (columns !== 6) throw wrongColumns(path, line, text.slice(start, end));
      if (rows === undefined || bounds[1]! - bounds[0]! !== query.length || !text.startsWith(query, bounds[0])) {
        query = text.slice(bounds[0], bounds[1]);
        rows = rowsOf(query, line);
      }
      const score = parseScore(text, bounds[8]!, bounds[9]!);
      if (infinite === 'accept' ? Number.isNaN(score) : !Number.isFinite(Math.fround(score)))
        throw wrongScore(path, line, text.slice(bounds[8], bounds[9]), infinite);
      rows.ids.push(text.slice(bounds[4], bounds[5]));
      rows.scores.push(score);
      rows.lines.push(line);
    }
    yield query;
  }
  if (rows === undefined)
    throw new InputError(`${path}: is empty; expected lines of "query Q0 document rank score tag"`);
}

/** True for a line that begins with # and is not a line of a run; with six columns and a score it may be of a query "#1". */
function isComment(text: string, columns: number, bounds: Uint32Array): boolean {
  if (text[bounds[0]!] !== '#') return false;
  return columns !== 6 || Number.isNaN(parseScore(text, bounds[8]!, bounds[9]!));
}

function rankingOf(rows: Rows, query: string, path: string, { ties = 'id' }: RunFileOptions): Ranking {
  const { ids, scores } = rows;
  if (new Set(ids).size < ids.length) throw duplicate(rows, query, path);
  if (ties === 'id') return inRankingOrder({ ids, scores: Float32Array.from(scores) });
  if (scores.every((score, i) => i === 0 || score <= scores[i - 1]!)) return { ids, scores: Float32Array.from(scores) };
  // Two infinite scores have no difference.
  const order = Array.from(ids.keys()).sort((a, b) => (scores[a] === scores[b] ? 0 : scores[b]! - scores[a]!));
  return { ids: order.map((i) => ids[i]!), scores: Float32Array.from(order, (i) => scores[i]!) };
}

function duplicate({ ids, lines }: Rows, query: string, path: string): InputError {
  const first = new Map<string, number>();
  for (const [i, id] of ids.entries()) {
    const before = first.get(id);
    if (before !== undefined)
      return new InputError(
        `${path}: line ${lines[i]!}: document ${id} occurs twice for query ${query} (first in line ${before}); keep one`,
      );
    first.set(id, lines[i]!);
  }
  throw new Error('no duplicate');
}

function wrongColumns(path: string, line: number, text: string): InputError {
  const columns = text.trim().split(/[\t-\r ]+/).length;
  const expected = 'expected 6: query Q0 document rank score tag, ids without white space';
  const guess = columns === 3 || columns === 4 ? ' (are these judgements?)' : '';
  return new InputError(`${path}: line ${line} has ${columns} columns; ${expected}${guess}`);
}

function wrongScore(
  path: string,
  line: number,
  text: string,
  infinite: NonNullable<RunFileOptions['infinite']>,
): InputError {
  const expected = infinite === 'accept' ? 'a number' : "a finite number within float32's range";
  return new InputError(`${path}: line ${line}: the score is "${text}"; expected ${expected}`);
}
