import type { Pooling } from '../../src/models/pooling/poolings.js';

/** A text's hidden states of one layer: a row per token. */
export type States = readonly (readonly number[])[];

/** Σ wᵢ hᵢ with weights by the token's number, from 0. */
export function weightedSum(states: States, weight: (i: number) => number): number[] {
  return states[0]!.map((_, d) => states.reduce((sum, row, i) => sum + weight(i) * row[d]!, 0));
}

/**
 * What each pooling makes of the hidden states of one layer, in float64; those that average over layers, before they do,
 * and `pooler` before the model's own layer. A pooling without a formula does not compile.
 */
export const poolingFormulas: Readonly<Record<Pooling, (states: States) => readonly number[]>> = {
  weightedmean: (states) => weightedSum(states, (i) => (2 * (i + 1)) / (states.length * (states.length + 1))),
  mean: (states) => weightedSum(states, () => 1 / states.length),
  lasttoken: (states) => states.at(-1)!,
  cls: (states) => states[0]!,
  max: (states) => states[0]!.map((_, d) => Math.max(...states.map((row) => row[d]!))),
  meanmean: (states) => weightedSum(states, () => 1 / states.length),
  lasttokenmean: (states) => states.at(-1)!,
  pooler: (states) => states[0]!,
  mean_sqrt_len_tokens: (states) => weightedSum(states, () => 1 / Math.sqrt(states.length)),
};
