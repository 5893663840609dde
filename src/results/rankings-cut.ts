const ranking = ',"top":[';
const nextQuery = ']},{"id":';
const fileEnd = ']}]}';

/**
 * Cuts `top` and everything after it out of each query in a per-query file's JSON. The three marks cannot occur inside a
 * string, where every quotation mark has a backslash.
 * @returns null for a file that this program would lay out differently
 */
export function withoutRankings(json: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  let at = 0;
  let top = json.indexOf(ranking);
  if (top < 0) return null;
  while (top >= 0) {
    const next = json.indexOf(ranking, top + 1);
    const end = next < 0 ? json.length - fileEnd.length : json.indexOf(nextQuery, top);
    if (end < top || (next >= 0 && end > next)) return null;
    parts.push(json.subarray(at, top));
    at = end + 1;
    top = next;
  }
  if (json.toString('latin1', at - 1) !== fileEnd) return null;
  return Buffer.concat([...parts, json.subarray(at)]);
}
