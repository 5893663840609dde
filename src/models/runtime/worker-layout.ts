import { totalmem } from 'node:os';

/** Number of processes that run a model, and of threads in each. */
export interface WorkerLayout {
  readonly workers: number;
  readonly intraOpThreads: number;
}

/** Memory that a model needs, in bytes. */
export interface MemoryNeeds {
  /** Size of the weights, which workers share. */
  readonly weights: number;
  /** Upper limit of what one run needs in addition. */
  readonly activations: number;
}

/** Size of the weights of a large model: measuring takes little time compared to its work, and workers are costly. */
const largeModel = 1 << 30;

/**
 * The worker layouts worth measuring for a model, the default first: one worker per thread, because threads of one run
 * wait for each other; fewer workers if the memory would not hold as many concurrent runs. For a large model, whose
 * speed may be limited by loading weights from memory, layouts of fewer workers with more threads follow.
 * @param workers number of workers that the user asked for, if any
 */
export function workerLayouts(
  threads: number,
  workers: number | null,
  needs: MemoryNeeds,
  memory = totalmem(),
): WorkerLayout[] {
  const layout = (size: number): WorkerLayout => ({
    workers: size,
    intraOpThreads: Math.max(1, Math.floor(threads / size)),
  });
  if (workers !== null) return [layout(workers)];
  const room = Math.floor((0.8 * memory - needs.weights) / needs.activations);
  const maxWorkers = Math.max(1, Math.min(threads, room));
  if (needs.weights < largeModel) return [layout(maxWorkers)];
  const sizes = [maxWorkers];
  while (sizes.at(-1)! > 1) sizes.push(sizes.at(-1)! >> 1);
  return sizes.map(layout);
}

/**
 * Memory of one run of a transformer in bytes, a generous estimate: attention scores of all heads (of 64 dimensions),
 * the intermediate states of one layer, and logits.
 */
export function activationBytes(tokens: number, hiddenSize: number, logits: number): number {
  return 4 * (3 * tokens * tokens * Math.ceil(hiddenSize / 64) + 20 * tokens * hiddenSize + 3 * logits);
}
