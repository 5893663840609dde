import type { Usage } from '../core/model.js';
import type { Cost } from '../core/system.js';

/** A model whose usage is metered. */
export interface MeteredModel {
  usage?(): Usage;
  peakBytes?(): number;
}

/**
 * Returns a function that reports a model's use of resources: peak memory and, for a hosted model, its usage since the
 * function's last call.
 */
export function usageMeter(model: MeteredModel): () => Pick<Cost, 'memoryMiB' | 'requests' | 'tokens' | 'price'> {
  let last: Usage = { requests: 0, tokens: 0, price: 0 };
  return () => {
    const own = process.resourceUsage().maxRSS * 1024;
    const memory = { memoryMiB: Math.round((own + (model.peakBytes?.() ?? 0)) / 2 ** 20) };
    const now = model.usage?.();
    if (now === undefined) return memory;
    const [before, price] = [last, now.price];
    last = now;
    return {
      ...memory,
      requests: now.requests - before.requests,
      tokens: now.tokens - before.tokens,
      ...(price === null ? {} : { price: price - (before.price ?? 0) }),
    };
  };
}
