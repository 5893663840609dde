import { comparePaired, defaultComparison, holm, type PairedComparison } from '../measures/significance.js';
import { pairValues, valuesOf } from './pairing.js';
import type { PerQuery } from './record.js';

/** A system against the reference; the difference is the system minus the reference. */
export interface ReferenceComparison extends PairedComparison {
  /** The randomisation test's p-value, corrected by Holm's method for the number of systems compared. */
  readonly corrected: number;
}

/**
 * Compares systems with a reference on the same queries, by one measure.
 * @returns one comparison a system, in order; undefined where the system does not have the measure
 */
export function compareWithReference(
  reference: PerQuery,
  systems: readonly PerQuery[],
  measure: string,
): (ReferenceComparison | undefined)[] {
  const base = valuesOf(reference, measure);
  if (base === undefined) return systems.map(() => undefined);
  const compared = systems.map((system) => {
    const values = valuesOf(system, measure);
    if (values === undefined) return undefined;
    const { a, b } = pairValues(base, values);
    return comparePaired(a, b, defaultComparison);
  });
  const corrected = holm(
    compared.flatMap((comparison) => (comparison === undefined ? [] : [comparison.randomisation.p])),
  );
  let next = 0;
  return compared.map((comparison) =>
    comparison === undefined ? undefined : { ...comparison, corrected: corrected[next++]! },
  );
}
