/**
 * Reproducible random numbers: sfc32 (Doty-Humphrey's Small Fast Counter; 128 bits of state, passes PractRand
 * and BigCrush). The same seed gives the same numbers everywhere.
 */
export class RandomSource {
  /** Three words and a counter. */
  readonly #state: Int32Array;

  constructor(seed: number) {
    this.#state = Int32Array.of(0x9e3779b9, 0x243f6a88, seed, 1);
    this.fill(new Int32Array(20));
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    const one = new Int32Array(1);
    this.fillBelow(n, one);
    return one[0]!;
  }

  /** Fills an array with random bits, as signed 32-bit integers. */
  fill(into: Int32Array): void {
    const state = this.#state;
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let counter = state[3]!;
    for (let i = 0; i < into.length; i++) {
      const result = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + result) | 0;
      into[i] = result;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = counter;
  }

  /** Fills an array with whole numbers from 0 to n - 1; their bias is below n / 2^32. */
  fillBelow(n: number, into: Int32Array): void {
    this.fill(into);
    for (let i = 0; i < into.length; i++) into[i] = Math.floor(((into[i]! >>> 0) / 2 ** 32) * n);
  }
}
