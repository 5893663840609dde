/**
 * The best `limit` of the documents offered, in bounded memory: a binary heap with the worst kept one on top. Of equal
 * scores the lower number is better.
 */
export class TopDocuments {
  readonly #scores: Float32Array;
  readonly #numbers: Int32Array;
  #size = 0;

  /** @param limit at most as many as there are documents: memory is taken at once */
  constructor(limit: number) {
    this.#scores = new Float32Array(limit);
    this.#numbers = new Int32Array(limit);
  }

  /** @param score a float32 */
  offer(score: number, number: number): void {
    const size = this.#size;
    if (size < this.#scores.length) {
      this.#size++;
      this.#siftUp(size, score, number);
    } else if (size > 0 && this.#isWorse(0, score, number)) {
      this.#siftDown(score, number, size);
    }
  }

  /** What was kept, best first. Leaves the heap empty. */
  drain(): { scores: Float32Array; numbers: Int32Array } {
    const scores = new Float32Array(this.#size);
    const numbers = new Int32Array(this.#size);
    for (let at = this.#size - 1; at >= 0; at--) {
      scores[at] = this.#scores[0]!;
      numbers[at] = this.#numbers[0]!;
      this.#siftDown(this.#scores[at]!, this.#numbers[at]!, at);
    }
    this.#size = 0;
    return { scores, numbers };
  }

  /** Whether the entry at `slot` ranks below a document. */
  #isWorse(slot: number, score: number, number: number): boolean {
    const own = this.#scores[slot]!;
    return own < score || (own === score && this.#numbers[slot]! > number);
  }

  /** Puts a document into the free `slot` at the bottom, moving better ones down. */
  #siftUp(slot: number, score: number, number: number): void {
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#isWorse(parent, score, number)) break;
      this.#move(parent, slot);
      slot = parent;
    }
    this.#scores[slot] = score;
    this.#numbers[slot] = number;
  }

  /** Puts a document in place of the top one of the first `size`, moving worse ones up. */
  #siftDown(score: number, number: number, size: number): void {
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isWorse(child + 1, this.#scores[child]!, this.#numbers[child]!)) child++;
      if (!this.#isWorse(child, score, number)) break;
      this.#move(child, slot);
      slot = child;
    }
    this.#scores[slot] = score;
    this.#numbers[slot] = number;
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from]!;
    this.#numbers[to] = this.#numbers[from]!;
  }
}
