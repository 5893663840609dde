import type { Usage } from '../core/model.js';
import type { Cost } from '../core/runner.js';

/** A function that tells what a hosted model was asked for since it was called last; of a local model, nothing. */
export function usageMeter(model: { usage?(): Usage }): () => Pick<Cost, 'requests' | 'tokens' | 'price'> {
  let last: Usage = { requests: 0, tokens: 0, price: 0 };
  return () => {
    const now = model.usage?.();
    if (now === undefined) return {};
    const [before, price] = [last, now.price];
    last = now;
    return {
      requests: now.requests - before.requests,
      tokens: now.tokens - before.tokens,
      ...(price === null ? {} : { price: price - (before.price ?? 0) }),
    };
  };
}
