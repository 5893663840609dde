import { parse, type Options } from 'csv-parse/sync';
import { InputError } from '../core/errors.js';
import { lineBlocks, type LineBlock } from '../io/lines.js';

export interface DelimitedFormat {
  /** What separates fields: "\t", "," or another text. */
  readonly delimiter: string;
  /**
   * Whether a field may stand in quotation marks, as RFC 4180 and Python's csv module have it: `"say ""hi"""`, also over
   * several lines. A mark within an unquoted field is a character like others; without quoting, all are.
   */
  readonly quoting: boolean;
}

/** A row and the line, from 1, that it begins on. */
export interface DelimitedRow {
  readonly line: number;
  readonly fields: readonly string[];
}

/** Limit of a row that goes over several lines, in bytes: a mark that is never closed must not take in the whole file. */
const maxOpenBytes = 4 << 20;

const newline = 0x0a;
const quote = '"';

/**
 * Reads a CSV or TSV file, plain or gzip, in batches of rows and in bounded memory. Rows may have different numbers of
 * fields; an empty line is a row of one empty field. Lines end with LF or CRLF.
 * @param maxLine longest line allowed, in bytes
 * @throws InputError as {@link lineBlocks} does, and, with its line, for a quotation mark that is not closed
 */
export async function* delimitedRows(
  path: string,
  format: DelimitedFormat,
  maxLine?: number,
): AsyncGenerator<readonly DelimitedRow[]> {
  const parser = new RowParser(path, format);
  for await (const block of lineBlocks(path, maxLine)) yield parser.parse(block);
  parser.end();
}

/** Parses the blocks of one file, in their order. */
export class RowParser {
  readonly #path: string;
  readonly #options: Options;
  /** The beginning of a row that goes on in the next block. */
  #open: Pick<LineBlock, 'firstLine' | 'bytes'> | undefined;

  constructor(path: string, { delimiter, quoting }: DelimitedFormat) {
    this.#path = path;
    this.#options = {
      delimiter,
      quote: quoting ? quote : false,
      relax_quotes: true,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n'],
    };
  }

  /** The rows that end in this block. @throws InputError for a row over several lines that is too long */
  parse(block: LineBlock): DelimitedRow[] {
    const firstLine = this.#open?.firstLine ?? block.firstLine;
    const bytes = this.#open === undefined ? block.bytes : Buffer.concat([this.#open.bytes, block.bytes]);
    const { records, end } = this.#parseBytes(bytes);
    const { rows, nextLine } = numberRows(records, firstLine, bytes.includes(quote));
    this.#open = end < bytes.length ? { firstLine: nextLine, bytes: bytes.subarray(end) } : undefined;
    if (bytes.length - end > maxOpenBytes) throw this.#unclosed(nextLine);
    return rows;
  }

  /** Ends the file. @throws InputError for a row that has not ended */
  end(): void {
    if (this.#open !== undefined) throw this.#unclosed(this.#open.firstLine);
  }

  /** The records, and where the last whole one ends. */
  #parseBytes(bytes: Buffer): { records: string[][]; end: number } {
    try {
      return { records: parse(bytes, this.#options), end: bytes.length };
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'CSV_QUOTE_NOT_CLOSED') throw error;
    }
    // The error comes without the records before it: they are parsed again, and collected as they come.
    const records: string[][] = [];
    let end = 0;
    const collect: Options['on_record'] = (record: string[], { bytes: position }) => {
      records.push(record);
      end = position;
    };
    try {
      parse(bytes, { ...this.#options, on_record: collect });
    } catch {
      // The error that is known already.
    }
    return { records, end };
  }

  #unclosed(line: number): InputError {
    return new InputError(
      `${this.#path}: line ${line}: a quotation mark opens a field and none closes it; expected "…", with "" for a mark in it`,
    );
  }
}

/** Gives records their lines. Only a record with quoted fields can have line ends in them. */
function numberRows(
  records: readonly string[][],
  firstLine: number,
  quoted: boolean,
): { rows: DelimitedRow[]; nextLine: number } {
  let line = firstLine;
  const rows = records.map((fields) => {
    const row = { line, fields };
    line += quoted ? 1 + newlinesIn(fields) : 1;
    return row;
  });
  return { rows, nextLine: line };
}

function newlinesIn(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields) for (let i = 0; i < field.length; i++) if (field.charCodeAt(i) === newline) count++;
  return count;
}
