import type { Device } from '../../core/system-fields.js';

/** What the pool and its worker processes say to each other. */

/** Which model a worker runs, and how. */
export interface SessionSpec {
  readonly model: ModelSource;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
  readonly device: Device;
}

/** A model as it was built, or optimised, its weights packed and kept in a file (shared-weights.ts). */
export type ModelSource =
  | {
      readonly kind: 'built';
      /** Serialised ONNX model. */
      readonly graph: Uint8Array;
      /** The folder that the model's external data is relative to. */
      readonly weightsFolder: string;
      /** Whether the session packs the weights, for speed, in memory of its own; else it reads the mapped files. */
      readonly packed: boolean;
    }
  | { readonly kind: 'kept'; readonly path: string };

/** An input tensor. */
export type Feed =
  | { readonly type: 'int32'; readonly data: Int32Array; readonly dims: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly dims: readonly number[] };

export type Feeds = Readonly<Record<string, Feed>>;

export type ToWorker =
  | { readonly kind: 'open'; readonly spec: SessionSpec }
  /** Write the model of `spec` to this path as one of kind `kept`. */
  | { readonly kind: 'keep'; readonly spec: SessionSpec; readonly path: string }
  | { readonly kind: 'run'; readonly id: number; readonly feeds: Feeds };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  /** The outputs in the order the model declares them, and the most memory the worker has had resident so far. */
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly outputs: readonly Float32Array[];
      readonly peakBytes: number;
    }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };
