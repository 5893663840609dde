import { meanOf } from './evaluation.js';

/** A key of UKPLab/useb that is a mean over parts: forums of CQADupStack, relations of SciDocs. */
const overParts = /^(?<measure>.+)_(?<dataset>cqadupstack|scidocs_(?<similarity>euclidean|cosine))_avg$/;

/** One measure's value of a query. */
export interface UsebValue {
  /** As in UsebQuery: with the forum or relation before it. */
  readonly id: string;
  readonly value: number | null;
}

/**
 * The part that a query counts in, if the measure is a mean over parts (of the means of their queries).
 * @param id as in UsebQuery: `cooking/17`
 * @returns null if the measure is a plain mean over queries
 */
export function usebPartOf(key: string, id: string): string | null {
  return overParts.test(key) && id.includes('/') ? id.slice(0, id.indexOf('/')) : null;
}

/**
 * What follows from a measure's values by query: its mean and, if that is one over parts, the mean of each part, by USEB's
 * keys. Not rounded.
 */
export function usebMeans(key: string, values: readonly UsebValue[]): ReadonlyMap<string, number> {
  const { measure, similarity } = overParts.exec(key)?.groups ?? {};
  if (measure === undefined) return new Map([[key, meanOf(values.map(({ value }) => value))]]);
  const parts = new Map<string, (number | null)[]>();
  for (const { id, value } of values) {
    const part = usebPartOf(key, id) ?? '';
    const known = parts.get(part);
    if (known === undefined) parts.set(part, [value]);
    else known.push(value);
  }
  const means = new Map<string, number>();
  for (const [part, ofPart] of parts) {
    const name = similarity === undefined ? `cqadupstack_${part}` : `scidocs_${part}_${similarity}`;
    means.set(`${measure}_${name}`, meanOf(ofPart));
  }
  return new Map([...means, [key, meanOf([...means.values()])]]);
}
