import type { Device } from '../../core/system-fields.js';

/** Messages between the pool and its worker processes. */

/** The model that a worker runs, and its settings. */
export interface SessionSpec {
  readonly model: ModelSource;
  /** Threads per run. */
  readonly intraOpThreads: number;
  readonly device: Device;
}

/** A model as it was built, or optimised and saved in a file with its packed weights (shared-weights.ts). */
export type ModelSource =
  | {
      readonly kind: 'built';
      /** Serialised ONNX model. */
      readonly graph: Uint8Array;
      /** Folder that the paths of the model's external data are relative to. */
      readonly weightsFolder: string;
      /** True if the session packs the weights into its own memory, for speed; false if it uses the mapped files. */
      readonly packed: boolean;
    }
  | { readonly kind: 'saved'; readonly path: string };

/** An input tensor. */
export type Feed =
  | { readonly type: 'int32'; readonly data: Int32Array; readonly dims: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly dims: readonly number[] };

export type Feeds = Readonly<Record<string, Feed>>;

export type ToWorker =
  | { readonly kind: 'open'; readonly spec: SessionSpec }
  /** Optimise the model of `spec` and save it to this path. */
  | { readonly kind: 'save'; readonly spec: SessionSpec; readonly path: string }
  | { readonly kind: 'run'; readonly id: number; readonly feeds: Feeds };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  /** The outputs in the order in which the model declares them, and the worker's peak resident memory. */
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly outputs: readonly Float32Array[];
      readonly peakBytes: number;
    }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };
