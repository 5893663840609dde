import { wordBreakClass, wordBreakRanges } from './word-break-data.js';

const { Extend, ZWJ, ComplexContextExtend } = wordBreakClass;

/** Word-break class by code point. */
const classes = classTable();

/** The index after the marks that follow a character. */
export function skipExtend(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && isExtend(classAt(text, at))) at += widthAt(text, at);
  return at;
}

/** Marks that belong to the character before them (WB4). */
export function isExtend(value: number): boolean {
  return value === Extend || value === ZWJ || value === ComplexContextExtend;
}

/** The class of the code point at `at`. */
export function classAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return classes[unit < 0xd800 || unit > 0xdbff ? unit : text.codePointAt(at)!]!;
}

/** UTF-16 units of the code point at `at`: 2 at the start of a surrogate pair, else 1. */
export function widthAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit < 0xd800 || unit > 0xdbff || text.codePointAt(at) === unit ? 1 : 2;
}

function classTable(): Uint8Array {
  const table = new Uint8Array(0x110000);
  let at = 0;
  for (const [, gap, letter, length] of wordBreakRanges.matchAll(/([0-9a-z]+)([A-Z])([0-9a-z]+)/g)) {
    at += parseInt(gap!, 36);
    const end = at + parseInt(length!, 36);
    table.fill(letter!.charCodeAt(0) - 'A'.charCodeAt(0), at, end);
    at = end;
  }
  return table;
}
