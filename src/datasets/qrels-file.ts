import type { Qrels } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { lineBatches } from '../io/lines.js';

interface Judgement {
  readonly query: string;
  readonly document: string;
  readonly grade: string;
}

/**
 * Reads judgements, plain or gzip, in either of two formats that the first line tells apart:
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
  let split: ((line: string) => Judgement | undefined) | undefined;
  for await (const { firstLine, lines } of lineBatches(path)) {
    for (const [i, line] of lines.entries()) {
      if (line.trim() === '' || isComment(line)) continue;
      const isFirst = split === undefined;
      split ??= splitTabs(line) === undefined ? splitSpaces : splitTabs;
      const judgement = split(line);
      if (judgement === undefined) throw wrongColumns(path, firstLine + i, line, isFirst, split === splitTabs);
      if (isFirst && split === splitTabs && Number.isNaN(Number(judgement.grade))) continue;
      add(qrels, judgement, `${path}: line ${firstLine + i}`);
    }
  }
  if (qrels.size === 0) throw new InputError(`${path}: has no judgements; expected lines of "query 0 document grade"`);
  return qrels;
}

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

/** A line of three columns between tabs is none, since BEIR's query ids may begin with anything. */
function isComment(line: string): boolean {
  return line.startsWith('#') && splitTabs(line) === undefined;
}

function splitTabs(line: string): Judgement | undefined {
  const fields = line.split('\t');
  if (fields.length !== 3) return undefined;
  const [query = '', document = '', grade = ''] = fields.map(unquote);
  return { query, document, grade: grade.trim() };
}

function splitSpaces(line: string): Judgement | undefined {
  const fields = line.trim().split(/\s+/);
  if (fields.length !== 4) return undefined;
  const [query = '', , document = '', grade = ''] = fields;
  return { query, document, grade };
}

/** Python's csv writer, which made BEIR's files, quotes a field that holds a quotation mark and doubles the mark. */
function unquote(field: string): string {
  const quoted = field.length >= 2 && field.startsWith('"') && field.endsWith('"');
  return quoted ? field.slice(1, -1).replaceAll('""', '"') : field;
}

function wrongColumns(path: string, line: number, text: string, isFirst: boolean, tabs: boolean): InputError {
  const beir = '3 columns separated by tabs (query, document, grade)';
  const trec = '4 separated by white space (query, 0, document, grade)';
  const columns = tabs ? text.split('\t').length : text.trim().split(/\s+/).length;
  const expected = isFirst ? `${beir} or ${trec}` : `${tabs ? beir : trec} as in the first line`;
  const guess = columns === 6 ? '; is this a run file?' : '';
  return new InputError(`${path}: line ${line} has ${columns} columns; expected ${expected}${guess}`);
}
