/** How much worse a result may be before the gate fails. */
export interface GateLimits {
  /** Largest drop of a mean that passes, in the measure's own unit. */
  readonly maxDrop: number;
  /** A larger drop fails where its corrected p-value is at most this; 1 lets every larger drop fail. */
  readonly alpha: number;
}

/** A drop of half a point (nDCG@10 of 0.500 to 0.495) is what the literature would still call the same. */
export const defaultLimits: GateLimits = { maxDrop: 0.005, alpha: 0.05 };

/** Largest difference from a published score, up or down, that still counts as reproduced. */
export const defaultTolerance = 0.005;
