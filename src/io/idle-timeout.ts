/** Aborts work that makes no progress. */
export interface IdleTimeout {
  /** Aborted after the timeout, and with the caller's signal. */
  readonly signal: AbortSignal;
  /** Starts the timeout anew: there was progress. */
  readonly touch: () => void;
  /** Whether the timeout has passed without progress. */
  readonly passed: () => boolean;
  /** Ends the timeout; to be called when the work has ended. */
  readonly stop: () => void;
}

/** Starts a timeout that each call of `touch` puts off. */
export function startIdleTimeout(timeoutMs: number, signal?: AbortSignal): IdleTimeout {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, timeoutMs);
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
    touch: () => {
      timer.refresh();
    },
    passed: () => controller.signal.aborted,
    stop: () => {
      clearTimeout(timer);
    },
  };
}
