import type { Redis } from 'ioredis';
import { announcementKey } from './protocol.js';

/** Poll interval for a run's announcement. */
const pollMs = 250;

/**
 * How long a worker has been without work while no run was announced. A run that is announced may have work at any moment, so
 * time counts only up to a look at Redis that found none.
 */
export class IdleClock {
  readonly #redis: Redis;
  readonly #timer: NodeJS.Timeout;
  #idleSince = performance.now();
  /** The last time that no run was announced. */
  #lastFree = this.#idleSince;
  #working = false;
  #polling = false;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#timer = setInterval(() => void this.#poll(), pollMs);
  }

  /** Seconds of idleness; 0 during work. */
  get seconds(): number {
    return this.#working ? 0 : Math.max(0, this.#lastFree - this.#idleSince) / 1000;
  }

  workStarts(): void {
    this.#working = true;
  }

  workEnds(): void {
    this.#working = false;
    this.#idleSince = performance.now();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Does nothing while Redis owes the answer to the last poll. */
  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    const asked = performance.now();
    const announced = await this.#redis.exists(announcementKey).catch(() => 0);
    this.#polling = false;
    if (announced === 1) this.#idleSince = performance.now();
    else this.#lastFree = asked;
  }
}
