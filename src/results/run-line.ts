const newline = 0x0a;
const space = 0x20;
const plus = 0x2b;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** Powers of ten that a double represents exactly. */
const exactPowers = Array.from({ length: 23 }, (_, i) => 10 ** i);

/**
 * Finds the fields of a line, separated by white space (as C's isspace).
 * @param bounds receives start and end of each field, as many as fit
 * @returns the number of fields; for more than fit in `bounds`, that maximum plus one
 */
export function fieldsOf(text: string, start: number, end: number, bounds: Uint32Array): number {
  const maxFields = bounds.length / 2;
  let count = 0;
  for (let i = start; i < end; count++) {
    while (i < end && isSpace(text.charCodeAt(i))) i++;
    if (i === end) break;
    if (count === maxFields) return maxFields + 1;
    bounds[2 * count] = i;
    while (i < end && !isSpace(text.charCodeAt(i))) i++;
    bounds[2 * count + 1] = i;
  }
  return count;
}

/**
 * Parses a decimal number, or "inf" and "infinity" with a sign, as C's atof and Python's float do; NaN for anything else (also
 * for "nan" and "0x10").
 *
 * Nearly all numbers have up to 15 digits and no exponent. They are parsed without a string: the digits form an integer that
 * a double holds exactly, and one division by an exact power of ten rounds correctly.
 */
export function parseScore(text: string, start: number, end: number): number {
  let i = start;
  const sign = text.charCodeAt(i);
  if (sign === minus || sign === plus) i++;
  let digits = 0;
  let count = 0;
  let decimals = -1;
  for (; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === point && decimals < 0) decimals = 0;
    else if (code >= zero && code <= zero + 9) {
      digits = digits * 10 + (code - zero);
      count++;
      if (decimals >= 0) decimals++;
    } else return parseSlowly(text.slice(start, end));
  }
  if (count === 0 || count > 15) return parseSlowly(text.slice(start, end));
  const value = decimals > 0 ? digits / exactPowers[decimals]! : digits;
  return sign === minus ? -value : value;
}

function parseSlowly(text: string): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return NaN;
}

function isSpace(code: number): boolean {
  return code === space || (code >= 0x09 && code <= 0x0d && code !== newline);
}
