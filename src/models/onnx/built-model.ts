/** An ONNX graph and the location of its weights. */
export interface BuiltModel {
  /** Serialised ONNX model. */
  readonly graph: Uint8Array;
  /** Folder that the paths of the model's external data are relative to. */
  readonly weightsFolder: string;
  /** Memory that the weights take at run time, in bytes: half precision is widened to float32. */
  readonly weightBytes: number;
}
