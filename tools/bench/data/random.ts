/**
 * Many random numbers quickly: xorshift32 (Marsaglia 2003). For inputs whose exact distribution does not matter; the same
 * seed gives the same numbers everywhere.
 */
export class FastRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 0 || 1;
  }

  /** From 0 to 1, 1 excluded. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** About normal, of variance 1: the sum of three uniform numbers, scaled. */
  normal(): number {
    return 2 * (this.next() + this.next() + this.next() - 1.5);
  }
}
