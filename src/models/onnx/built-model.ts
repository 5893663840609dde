/** A graph and where its weights lie. */
export interface BuiltModel {
  /** Serialised ONNX model. */
  readonly graph: Uint8Array;
  /** The folder that the model's external data is relative to. */
  readonly weightsFolder: string;
  /** What the weights take in memory as the graph uses them, half precision widened. */
  readonly weightBytes: number;
}
