/** What the pool and its worker processes say to each other. */

/** Which model a worker runs, and how. */
export interface SessionSpec {
  /** Serialised ONNX model. */
  readonly graph: Uint8Array;
  /** The folder that the model's external data is relative to. */
  readonly weightsFolder: string;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
}

/** An input tensor. */
export type Feed =
  | { readonly type: 'int32'; readonly data: Int32Array; readonly dims: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly dims: readonly number[] };

export type Feeds = Readonly<Record<string, Feed>>;

export type ToWorker =
  | { readonly kind: 'open'; readonly spec: SessionSpec }
  | { readonly kind: 'run'; readonly id: number; readonly feeds: Feeds };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  /** The outputs in the order the model declares them. */
  | { readonly kind: 'done'; readonly id: number; readonly outputs: readonly Float32Array[] }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };
