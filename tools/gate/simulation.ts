import { RandomSource } from '../../src/measures/random.js';
import type { Paired } from '../../src/measures/significance.js';
import type { GateLimits } from '../../src/results/check/limits.js';
import { judgePairs, type Drop } from '../../src/results/check/rule.js';

/**
 * How much two runs of equally good systems differ: each query's value moves with this probability, by up to this much up or
 * down, in both runs.
 */
export interface Noise {
  readonly share: number;
  readonly size: number;
}

/** `another processor`: rounding moves a few near ties. `trained again`: another seed of the same training. */
export const noises = {
  'another processor': { share: 0.05, size: 0.1 },
  'trained again': { share: 0.5, size: 0.3 },
} as const satisfies Readonly<Record<string, Noise>>;

/** One simulated check: so many tests (measures of results) of so many queries each; the first one's mean falls by `drop`. */
export interface Setting {
  readonly tests: number;
  readonly queries: number;
  readonly drop: number;
  readonly noise: Noise;
}

/** What the gate made of simulated checks, as shares of the trials. */
export interface Outcome {
  /** The test that fell failed. */
  readonly found: number;
  /** It failed by significance alone. */
  readonly significant: number;
  /** A test that did not fall failed. */
  readonly falseAlarm: number;
}

/** Tries the gate's rule on noise with a known drop. The same seed gives the same outcome. */
export function simulate(setting: Setting, limits: GateLimits, trials: number, seed: number): Outcome {
  const random = new RandomSource(seed);
  const counts = { found: 0, significant: 0, falseAlarm: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const pairs = Array.from({ length: setting.tests }, (_, i) => pairOf(setting, i === 0 ? setting.drop : 0, random));
    const judgements = judgePairs(pairs, limits);
    const { drop, p } = judgements[0]!;
    const fails = (verdict: Drop): boolean => verdict === 'large' || verdict === 'significant';
    if (fails(drop)) counts.found++;
    if (fails(drop) && p! <= limits.alpha) counts.significant++;
    if (judgements.slice(setting.drop === 0 ? 0 : 1).some((one) => fails(one.drop))) counts.falseAlarm++;
  }
  return {
    found: counts.found / trials,
    significant: counts.significant / trials,
    falseAlarm: counts.falseAlarm / trials,
  };
}

/**
 * Values as nDCG@10 has them: three in ten queries find nothing, the others lie evenly between 0 and 1, so that the mean is
 * 0.35. A drop takes the same share of every value, so that the mean falls by so much before noise.
 */
function pairOf({ queries, noise }: Setting, drop: number, random: RandomSource): Paired {
  const uniform = (): number => random.below(1 << 24) / (1 << 24);
  const moved = (value: number): number => {
    const move = uniform() < noise.share ? (2 * uniform() - 1) * noise.size : 0;
    return Math.min(1, Math.max(0, value + move));
  };
  const base = Array.from({ length: queries }, () => (uniform() < 0.3 ? 0 : uniform()));
  const sum = base.reduce((total, value) => total + value, 0);
  const kept = sum === 0 ? 1 : Math.max(0, 1 - (drop * queries) / sum);
  return { a: base.map(moved), b: base.map((value) => moved(value) * kept) };
}
