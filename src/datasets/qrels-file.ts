import type { Qrels } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { lineBlocks, linesOf, type LineBlock } from '../io/lines.js';
import { RowParser, type DelimitedRow } from './delimited.js';

interface Judgement {
  readonly query: string;
  readonly document: string;
  readonly grade: string;
}

/** Parser of one of the two formats. */
interface QrelsFormat {
  readonly hasHeader: boolean;
  /** Expected columns, for errors. */
  readonly columns: string;
  /** The rows of the file's next block, with empty lines and comments. */
  readonly rows: (block: LineBlock) => readonly DelimitedRow[];
  readonly isComment: (fields: readonly string[]) => boolean;
  /** The judgement of a row; undefined for a wrong number of fields. */
  readonly judgement: (fields: readonly string[]) => Judgement | undefined;
  /** Called after the last block. @throws InputError for an unfinished row */
  readonly end: () => void;
}

/**
 * Reads judgements, plain or gzip, in either of two formats, recognized by the first line:
 *
 * - BEIR's TSV, `query⇥document⇥grade`, with a header line. BEIR's loader always drops the first line; here it is a
 *   header only if its grade is not a number, so that a file without a header loses no judgement. Ids may have spaces.
 * - TREC's `query 0 document grade`, separated by white space.
 *
 * Skips empty lines and lines that begin with #. Grades are integers, also negative ones; "1.0" is read as 1. A repeated
 * judgement counts once.
 * @returns queries and documents in the order of the file
 * @throws InputError naming the line, for a wrong number of columns, a non-integer grade and contradictory grades
 */
export async function readQrels(path: string): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>();
  let format: QrelsFormat | undefined;
  let isFirst = true;
  for await (const block of lineBlocks(path)) {
    format ??= chooseFormat(path, block);
    for (const { line, fields } of format?.rows(block) ?? []) {
      if (fields.every((field) => field.trim() === '') || format!.isComment(fields)) continue;
      const judgement = format!.judgement(fields);
      if (judgement === undefined) throw wrongColumns(`${path}: line ${line}`, fields.length, isFirst, format!);
      const isHeader = isFirst && format!.hasHeader && Number.isNaN(Number(judgement.grade));
      isFirst = false;
      if (!isHeader) add(qrels, judgement, `${path}: line ${line}`);
    }
  }
  format?.end();
  if (qrels.size === 0) throw new InputError(`${path}: has no judgements; expected lines of "query 0 document grade"`);
  return qrels;
}

/** The format of the block's first line with content; undefined if all lines are empty or comments. */
function chooseFormat(path: string, block: LineBlock): QrelsFormat | undefined {
  const isTsv = (line: string): boolean => line.split('\t').length === 3;
  const first = linesOf(block).find((line) => line.trim() !== '' && (isTsv(line) || !line.startsWith('#')));
  if (first === undefined) return undefined;
  return isTsv(first) ? beirFormat(path) : trecFormat;
}

function beirFormat(path: string): QrelsFormat {
  // BEIR's files come from Python's csv writer, which quotes fields with quotation marks.
  const parser = new RowParser(path, { delimiter: '\t', quoting: true });
  return {
    hasHeader: true,
    columns: beirColumns,
    rows: (block) => parser.parse(block),
    // A row of three columns is not a comment, because query ids may begin with #.
    isComment: (fields) => fields.length !== 3 && fields[0]!.startsWith('#'),
    judgement(fields) {
      if (fields.length !== 3) return undefined;
      const [query = '', document = '', grade = ''] = fields;
      return { query, document, grade: grade.trim() };
    },
    end: () => {
      parser.end();
    },
  };
}

const beirColumns = '3 columns separated by tabs (query, document, grade)';
const trecColumns = '4 separated by white space (query, 0, document, grade)';

const trecFormat: QrelsFormat = {
  hasHeader: false,
  columns: trecColumns,
  rows: (block) => linesOf(block).map((text, i) => ({ line: block.firstLine + i, fields: text.trim().split(/\s+/) })),
  isComment: (fields) => fields[0]!.startsWith('#'),
  judgement(fields) {
    if (fields.length !== 4) return undefined;
    const [query = '', , document = '', grade = ''] = fields;
    return { query, document, grade };
  },
  end: () => undefined,
};

function add(qrels: Map<string, Map<string, number>>, { query, document, grade }: Judgement, where: string): void {
  if (query === '' || document === '')
    throw new InputError(`${where} has an empty id; expected query, document, grade`);
  const value = /^[+-]?\d{1,9}(\.0+)?$/.test(grade) ? Number(grade) : NaN;
  if (Number.isNaN(value))
    throw new InputError(
      `${where}: the grade is "${grade.slice(0, 40)}"; expected a whole number (round or scale the grades first)`,
    );
  let judgements = qrels.get(query);
  if (judgements === undefined) {
    judgements = new Map<string, number>();
    qrels.set(query, judgements);
  }
  const before = judgements.get(document);
  if (before !== undefined && before !== value)
    throw new InputError(
      `${where}: document ${document} has grade ${value} for query ${query}, but grade ${before} above; expected one grade`,
    );
  judgements.set(document, value);
}

function wrongColumns(where: string, columns: number, isFirst: boolean, format: QrelsFormat): InputError {
  const expected = isFirst ? `${beirColumns} or ${trecColumns}` : `${format.columns} as in the first line`;
  const guess = columns === 6 ? '; is this a run file?' : '';
  return new InputError(`${where} has ${columns} columns; expected ${expected}${guess}`);
}
