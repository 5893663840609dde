/** How much worse a result may be before the gate fails. */
export interface GateLimits {
  /** Largest drop of a mean that always passes, in the measure's unit. */
  readonly maxDrop: number;
  /** A drop is significant if its corrected p-value is at most this; with 1, every drop beyond `maxDrop` fails. */
  readonly alpha: number;
}

/** The literature still calls a drop of half a point (nDCG@10 of 0.500 to 0.495) the same. */
export const defaultLimits: GateLimits = { maxDrop: 0.005, alpha: 0.05 };

/** Default of the largest difference from a published score that counts as reproduced. */
export const defaultTolerance = 0.005;
