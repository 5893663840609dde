/** A timeout that restarts at each sign of progress. */
export interface IdleTimeout {
  /** Aborted by the timeout or by the caller's signal. */
  readonly signal: AbortSignal;
  /** Restarts the timeout: there was progress. */
  readonly restart: () => void;
  /** True after a timeout without progress. */
  readonly isExpired: () => boolean;
  /** Clears the timer; call it when the work ends. */
  readonly stop: () => void;
}

/** @param signal aborts the returned signal, too */
export function startIdleTimeout(timeoutMs: number, signal?: AbortSignal): IdleTimeout {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, timeoutMs);
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
    restart: () => {
      timer.refresh();
    },
    isExpired: () => controller.signal.aborted,
    stop: () => {
      clearTimeout(timer);
    },
  };
}
