/** The program and processor that computed numbers. Equal makers compute equal bytes. */
export interface Maker {
  /** Hash of the program and of its installed dependencies (io/build-id.ts). */
  readonly build: string;
  /** Version of onnxruntime-node. */
  readonly onnxruntime: string;
  /** The processor's name. */
  readonly processor: string;
}

/** A maker, and the number of stored shards that it computed for a result. */
export interface MadeShards extends Maker {
  readonly shards: number;
}

/** Inputs of a model that are not what their texts say. */
export interface InputCounts {
  /** Texts without any token of their own; of pairs, those whose query has none. */
  readonly empty: number;
  /** Texts or pairs that were cut to the model's longest input; null if that is not known (hosted models). */
  readonly truncated: number | null;
}

/** Counts over the inputs of a run. */
export interface InputSummary extends InputCounts {
  readonly total: number;
  /** Vectors that are zero in every dimension, whose cosine with any vector counts as 0; null for scores of pairs. */
  readonly zeroVectors: number | null;
}

/** Kinds of inputs: USEB's tasks have texts instead of queries and documents; cross-encoders read pairs. */
export const inputKinds = ['queries', 'documents', 'texts', 'pairs'] as const;
export type InputKind = (typeof inputKinds)[number];

/** What is known about the inputs behind a system's scores. */
export interface InputHealth {
  readonly inputs: Readonly<Partial<Record<InputKind, InputSummary>>>;
  /** Documents that the profile leaves out because their text is empty. */
  readonly droppedDocuments: number;
  /** Those who computed the shards that the system used; empty if it uses none. */
  readonly makers: readonly MadeShards[];
}
