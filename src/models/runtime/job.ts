import type { Feeds } from './messages.js';

/** One run of the model: its inputs, and a callback for its outputs. */
export interface Job {
  readonly feeds: Feeds;
  /** Called with the outputs, in the order in which the model declares them. */
  done(outputs: readonly Float32Array[]): void;
}
