import { compareAllPaired, holm, type PairedComparison } from '../../measures/significance.js';
import { pairValues, valuesOf } from './pairing.js';
import type { QueryScores } from '../record.js';

/** Comparison of a system with the reference; the difference is the system minus the reference. */
export interface ReferenceComparison extends PairedComparison {
  /** The randomisation test's p-value, corrected by Holm's method for the number of compared systems. */
  readonly corrected: number;
}

/**
 * Compares systems with a reference on the same queries, by one measure.
 * @returns one comparison per system, in order; undefined if the system does not have the measure
 */
export function compareWithReference(
  reference: QueryScores,
  systems: readonly QueryScores[],
  measure: string,
): (ReferenceComparison | undefined)[] {
  const base = valuesOf(reference, measure);
  if (base === undefined) return systems.map(() => undefined);
  const values = systems.map((system) => valuesOf(system, measure));
  const pairs = values.flatMap((value) => (value === undefined ? [] : [pairValues(base, value)]));
  const compared = compareAllPaired(pairs);
  const corrected = holm(compared.map(({ randomisation }) => randomisation.p));
  const all = compared.map((comparison, i) => ({ ...comparison, corrected: corrected[i]! })).values();
  return values.map((value) => (value === undefined ? undefined : all.next().value));
}
