import { parse, type Options } from 'csv-parse/sync';
import { InputError } from '../core/errors.js';
import { lineBlocks, type LineBlock } from '../io/lines.js';

export interface DelimitedFormat {
  /** Separator of fields: "\t", "," or another text. */
  readonly delimiter: string;
  /**
   * True if fields may be quoted as in RFC 4180 and Python's csv module: `"say ""hi"""`, also over several lines. A
   * quotation mark within an unquoted field is an ordinary character.
   */
  readonly quoting: boolean;
}

export interface DelimitedRow {
  /** Number of the row's first line, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Longest row over several lines: an unclosed quotation mark must not read the whole file into memory. */
const maxRowBytes = 4 << 20;

const newline = 0x0a;
const quote = '"';

/**
 * Streams a CSV or TSV file, plain or gzip, in batches of rows and in bounded memory. Rows may have different numbers of
 * fields; an empty line is a row of one empty field. Lines end with LF or CRLF.
 * @param maxLineBytes longest line allowed
 * @throws InputError as {@link lineBlocks} does, and for an unclosed quotation mark, naming its line
 */
export async function* delimitedRows(
  path: string,
  format: DelimitedFormat,
  maxLineBytes?: number,
): AsyncGenerator<readonly DelimitedRow[]> {
  const parser = new RowParser(path, format);
  for await (const block of lineBlocks(path, maxLineBytes)) yield parser.parse(block);
  parser.end();
}

/** Parses the blocks of one file, in order. */
export class RowParser {
  readonly #path: string;
  readonly #options: Options;
  /** The beginning of a row that ends in a later block. */
  #unfinished: Pick<LineBlock, 'firstLine' | 'bytes'> | undefined;

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

  /** Returns the rows that end in this block. @throws InputError for a row over several lines that is too long */
  parse(block: LineBlock): DelimitedRow[] {
    const firstLine = this.#unfinished?.firstLine ?? block.firstLine;
    const bytes = this.#unfinished === undefined ? block.bytes : Buffer.concat([this.#unfinished.bytes, block.bytes]);
    const { records, end } = this.#parseBytes(bytes);
    const { rows, nextLine } = numberRows(records, firstLine, bytes.includes(quote));
    this.#unfinished = end < bytes.length ? { firstLine: nextLine, bytes: bytes.subarray(end) } : undefined;
    if (bytes.length - end > maxRowBytes) throw this.#unclosedQuote(nextLine);
    return rows;
  }

  /** Call it after the last block. @throws InputError for an unfinished row */
  end(): void {
    if (this.#unfinished !== undefined) throw this.#unclosedQuote(this.#unfinished.firstLine);
  }

  /** Returns the complete records, and the position after the last of them. */
  #parseBytes(bytes: Buffer): { records: string[][]; end: number } {
    try {
      return { records: parse(bytes, this.#options), end: bytes.length };
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'CSV_QUOTE_NOT_CLOSED') throw error;
    }
    // The error lacks the records before it, so parse again and collect them.
    const records: string[][] = [];
    let end = 0;
    const collect: Options['on_record'] = (record: string[], { bytes: position }) => {
      records.push(record);
      end = position;
    };
    try {
      parse(bytes, { ...this.#options, on_record: collect });
    } catch {
      // The same error again.
    }
    return { records, end };
  }

  #unclosedQuote(line: number): InputError {
    return new InputError(
      `${this.#path}: line ${line}: unclosed quotation mark; expected "…", with "" for a quotation mark inside it`,
    );
  }
}

/** Adds line numbers. Only quoted fields can span lines. */
function numberRows(
  records: readonly string[][],
  firstLine: number,
  hasQuotes: boolean,
): { rows: DelimitedRow[]; nextLine: number } {
  let line = firstLine;
  const rows = records.map((fields) => {
    const row = { line, fields };
    line += hasQuotes ? 1 + newlinesIn(fields) : 1;
    return row;
  });
  return { rows, nextLine: line };
}

function newlinesIn(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields) for (let i = 0; i < field.length; i++) if (field.charCodeAt(i) === newline) count++;
  return count;
}
