/** Python's `str.strip()`: the same white space as Python 3, which is not the set that `trim()` uses. */
export function pythonStrip(text: string): string {
  return text
    .replace(/^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u, '')
    .replace(/[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/u, '');
}

/**
 * Order of two strings by code point, which is the order of their UTF-8 bytes (C's strcmp, Python's str): never the
 * locale's, and not JavaScript's `<` either, which puts U+10000 and above before U+E000.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rankOfUnit(x) - rankOfUnit(y);
  }
  return a.length - b.length;
}

/** Moves surrogates (0xD800-0xDFFF) above the rest of the plane, as UTF-8 has them. */
function rankOfUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
