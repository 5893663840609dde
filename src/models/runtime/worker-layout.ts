import { totalmem } from 'node:os';

/** How many processes run a model, and with how many threads each. */
export interface Crew {
  readonly workers: number;
  readonly intraOpThreads: number;
}

/** What a model needs. */
export interface Needs {
  /** Bytes of its weights, which workers share. */
  readonly weights: number;
  /** Bytes that one run needs besides, at most. */
  readonly activations: number;
}

/** From this size on, a second of measuring is little beside the work, and processes are costly. */
const largeModel = 1 << 30;

/**
 * The crews worth trying for a model, the first being the usual one: a worker a thread, because single threads waste
 * nothing on waiting for each other. Fewer where the memory would not hold what so many runs need at a time. For a large
 * model, where loading weights from memory may be what takes the time, crews of fewer workers with more threads, too.
 * @param workers asked for by the user, if any
 */
export function crews(threads: number, workers: number | undefined, needs: Needs, memory = totalmem()): Crew[] {
  const crew = (size: number): Crew => ({ workers: size, intraOpThreads: Math.max(1, Math.floor(threads / size)) });
  if (workers !== undefined) return [crew(workers)];
  const room = Math.floor((0.8 * memory - needs.weights) / needs.activations);
  const most = Math.max(1, Math.min(threads, room));
  if (needs.weights < largeModel) return [crew(most)];
  const sizes = [most];
  while (sizes.at(-1)! > 1) sizes.push(sizes.at(-1)! >> 1);
  return sizes.map(crew);
}

/**
 * Bytes that a transformer's run holds at a time, roughly and rather too much: attention scores of every head (of 64
 * dimensions), a layer's inner states, and logits.
 */
export function activationBytes(tokens: number, hiddenSize: number, logits: number): number {
  return 4 * (3 * tokens * tokens * Math.ceil(hiddenSize / 64) + 20 * tokens * hiddenSize + 3 * logits);
}
