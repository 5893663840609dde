import type { Feeds } from './messages.js';

/** One run of the model. */
export interface Job {
  readonly feeds: Feeds;
  /** Takes the outputs, in the order the model declares them. */
  done(outputs: readonly Float32Array[]): void;
}
