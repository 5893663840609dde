const ranking = ',"top":[';
const nextQuery = ']},{"id":';
const fileEnd = ']}]}';

/**
 * A per-query file's JSON with `top` and what follows it cut out of each query. The three marks cannot stand within a
 * text, where a quotation mark has a backslash before it.
 * @returns null for a file that is not laid out as this program writes it
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
