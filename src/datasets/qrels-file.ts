import type { Qrels } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { lineBlocks, linesOf, type LineBlock } from '../io/lines.js';
import { RowParser, type DelimitedRow } from './delimited.js';

interface Judgement {
  readonly query: string;
  readonly document: string;
  readonly grade: string;
}

/** One of the two formats of judgements, as the first line of a file shows. */
interface QrelsFormat {
  readonly hasHeader: boolean;
  /** For errors. */
  readonly columns: string;
  /** The rows of the file's next block, empty lines and comments included. */
  readonly rows: (block: LineBlock) => readonly DelimitedRow[];
  readonly isComment: (fields: readonly string[]) => boolean;
  /** The judgement in a row's fields, or undefined for another number of fields. */
  readonly judgement: (fields: readonly string[]) => Judgement | undefined;
  /** Called after the last block. @throws InputError for a row that has not ended */
  readonly end: () => void;
}

/**
 * Reads judgements, plain or gzip, in either of two formats, recognized by the first line:
 *
 * - BEIR's TSV, `query⇥document⇥grade`, with a header line. BEIR's loader drops the first line whatever it is; here it
 *   is a header only if its grade is no number, so that a file without header loses no judgement. Ids may hold spaces.
 * - TREC's `query 0 document grade`, separated by white space.
 *
 * Empty lines and lines that begin with # are skipped. Grades are whole numbers, negative ones included; "1.0" is read
 * as 1. The same judgement twice counts once.
 * @returns queries and documents in the order of the file
 * @throws InputError with the line for a wrong number of columns, a grade that is not whole, and two grades for a pair
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

/** The format that a block's first line with content has; undefined where all are empty or comments. */
function chooseFormat(path: string, block: LineBlock): QrelsFormat | undefined {
  const isTsv = (line: string): boolean => line.split('\t').length === 3;
  const first = linesOf(block).find((line) => line.trim() !== '' && (isTsv(line) || !line.startsWith('#')));
  if (first === undefined) return undefined;
  return isTsv(first) ? beirFormat(path) : trecFormat;
}

function beirFormat(path: string): QrelsFormat {
  // Python's csv writer, which made BEIR's files, quotes a field that holds a quotation mark.
  const parser = new RowParser(path, { delimiter: '\t', quoting: true });
  return {
    hasHeader: true,
    columns: beirColumns,
    rows: (block) => parser.parse(block),
    // A row of three columns is none, since BEIR's query ids may begin with anything.
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
      `${where}: the grade is "${grade}"; expected a whole number (round or scale the grades first)`,
    );
  let judgements = qrels.get(query);
  if (judgements === undefined) {
    judgements = new Map<string, number>();
    qrels.set(query, judgements);
  }
  const before = judgements.get(document);
  if (before !== undefined && before !== value)
    throw new InputError(`${where}: document ${document} has grade ${value} and before ${before} for query ${query}`);
  judgements.set(document, value);
}

function wrongColumns(where: string, columns: number, isFirst: boolean, format: QrelsFormat): InputError {
  const expected = isFirst ? `${beirColumns} or ${trecColumns}` : `${format.columns} as in the first line`;
  const guess = columns === 6 ? '; is this a run file?' : '';
  return new InputError(`${where} has ${columns} columns; expected ${expected}${guess}`);
}
