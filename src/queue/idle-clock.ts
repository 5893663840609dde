import type { Redis } from 'ioredis';
import { announcementKey } from './protocol.js';

/** Poll interval for a run's announcement. */
const pollMs = 1000;

/** How long a worker has been without work while no run was announced. A run that is announced may have work at any moment. */
export class IdleClock {
  readonly #redis: Redis;
  readonly #timer: NodeJS.Timeout;
  #idleSince = performance.now();
  #working = false;
  #polling = false;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#timer = setInterval(() => void this.#poll(), pollMs);
  }

  /** Seconds of idleness; 0 during work. */
  get seconds(): number {
    return this.#working ? 0 : (performance.now() - this.#idleSince) / 1000;
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
    const announced = await this.#redis.exists(announcementKey).catch(() => 0);
    this.#polling = false;
    if (announced === 1) this.#idleSince = performance.now();
  }
}
