import { InputError } from '../../core/errors.js';

/** How much worse a result may be before the gate fails. */
export interface GateLimits {
  /** Largest drop of a mean that always passes, in the measure's unit. */
  readonly maxDrop: number;
  /**
   * Above 0. A drop beyond `maxDrop` fails if its corrected p-value is at most this; with 1, every drop beyond `maxDrop`
   * fails.
   */
  readonly alpha: number;
  /**
   * A larger drop of a mean fails whatever its p-value; at least `maxDrop`. Half of it is enough for a drop by more than
   * {@link largeShare} of the mean.
   */
  readonly largeDrop: number;
}

/**
 * The literature still calls a drop of half a point (nDCG@10 of 0.500 to 0.495) the same. Five points are more than most
 * papers gain, and fail although the queries may be too few to prove them: docs/ci.md has the reasons and the power.
 */
export const defaultLimits: GateLimits = { maxDrop: 0.005, alpha: 0.05, largeDrop: 0.05 };

/** The share of a mean whose loss is a collapse: a score of 0.04 cannot fall by more than 0.05. */
export const largeShare = 0.5;

/** The smallest alpha: with the permutations that the gate makes, no p-value could be below a smaller one. */
export const smallestAlpha = 0.001;

/** Default of the largest difference from a published score that counts as reproduced. */
export const defaultTolerance = 0.005;

/** @throws InputError for limits with which no drop could fail, or that contradict each other */
export function requireLimits({ maxDrop, alpha, largeDrop }: GateLimits): void {
  if (!(alpha >= smallestAlpha && alpha <= 1))
    throw new InputError(`alpha is ${alpha}; expected a number from ${smallestAlpha} to 1`);
  if (!(maxDrop >= 0 && maxDrop < 1))
    throw new InputError(`the max drop is ${maxDrop}; expected a number from 0 below 1`);
  if (!(largeDrop >= maxDrop && largeDrop < 1))
    throw new InputError(
      `the large drop is ${largeDrop}; expected a number from the max drop (${maxDrop}) below 1, as larger drops always fail`,
    );
}
