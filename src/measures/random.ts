/**
 * A repeatable source of random numbers: sfc32 (Doty-Humphrey's Small Fast Counter; 128 bits of state, passes PractRand
 * and BigCrush). The same seed gives the same numbers everywhere.
 */
export class RandomSource {
  #a = 0x9e3779b9;
  #b = 0x243f6a88;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#c = seed | 0;
    for (let i = 0; i < 20; i++) this.bits();
  }

  /** 32 random bits as a whole number, negative for half of them. */
  bits(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }

  /** A whole number from 0 to n - 1; its bias is below n / 2^32. */
  below(n: number): number {
    return Math.floor(((this.bits() >>> 0) / 2 ** 32) * n);
  }
}
