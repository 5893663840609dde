/**
 * Encodes ONNX models as protobuf bytes: the parts of onnx.proto that a graph for inference needs, with its field numbers
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Deterministic: equal models give equal bytes.
 */

/** Element types, with TensorProto.DataType's numbers (which Cast's attribute `to` takes). */
export const onnxDataTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;
export type OnnxDataType = keyof typeof onnxDataTypes;

/** An input or output of a graph. A string in the shape names a dynamic dimension. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: OnnxDataType;
  readonly shape: readonly (number | string)[];
}

/** A constant tensor: its bytes (little-endian, row-major), or their location in another file. */
export interface OnnxTensor {
  readonly name: string;
  readonly dtype: OnnxDataType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | OnnxExternalData;
}

/** `location` is a path relative to the model file's folder; `offset` and `length` are bytes. */
export interface OnnxExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Typed explicitly, because JavaScript does not distinguish integers from floats: `{ int: 1 }`, `{ float: 0.5 }`. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: OnnxTensor }
  | { readonly graph: OnnxGraph };

export interface OnnxNode {
  readonly op: string;
  /** "" for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>> | undefined;
  readonly name?: string | undefined;
  /** "" (default) for ONNX's own operators, `com.microsoft` for ONNX Runtime's. */
  readonly domain?: string | undefined;
}

/** Nodes in topological order. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers?: readonly OnnxTensor[] | undefined;
}

export interface OnnxModel {
  readonly graph: OnnxGraph;
  /** Version of ONNX's operator set. */
  readonly opset: number;
  /** Versions of other operator sets, by domain. */
  readonly domains?: Readonly<Record<string, number>> | undefined;
  /** Version of the file format: 8 (default) for operator sets 17 and 18, 10 for 21. */
  readonly irVersion?: number | undefined;
}

/**
 * Encodes a model as the bytes of an .onnx file.
 * @throws RangeError for an integer field with a fraction, or beyond 2^53
 */
export function encodeOnnxModel(model: OnnxModel): Uint8Array {
  const opsets = Object.entries({ '': model.opset, ...model.domains });
  return new ProtobufWriter()
    .int(1, model.irVersion ?? 8)
    .text(2, 'sgpt-bench')
    .message(7, graphMessage(model.graph))
    .messages(8, opsets, ([domain, version]) => new ProtobufWriter().text(1, domain).int(2, version))
    .finish();
}

/** The bytes of an int64 tensor (shapes, axes, indices). */
export function int64Bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
}

/** The bytes of a float32 tensor. A view of a Float32Array, a copy of a list. */
export function float32Bytes(values: Float32Array | readonly number[]): Uint8Array {
  const array = values instanceof Float32Array ? values : Float32Array.from(values);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function graphMessage(graph: OnnxGraph): ProtobufWriter {
  return new ProtobufWriter()
    .messages(1, graph.nodes, nodeMessage)
    .text(2, graph.name)
    .messages(5, graph.initializers ?? [], tensorMessage)
    .messages(11, graph.inputs, valueInfoMessage)
    .messages(12, graph.outputs, valueInfoMessage);
}

function nodeMessage(node: OnnxNode): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const input of node.inputs) writer.text(1, input);
  for (const output of node.outputs) writer.text(2, output);
  if (node.name !== undefined) writer.text(3, node.name);
  writer.text(4, node.op).messages(5, Object.entries(node.attributes ?? {}), attributeMessage);
  return node.domain === undefined ? writer : writer.text(7, node.domain);
}

/** Field 20 is AttributeProto.type. */
function attributeMessage([name, value]: [string, OnnxAttribute]): ProtobufWriter {
  const writer = new ProtobufWriter().text(1, name);
  if ('float' in value) return writer.float(2, value.float).int(20, 1);
  if ('int' in value) return writer.int(3, value.int).int(20, 2);
  if ('string' in value) return writer.text(4, value.string).int(20, 3);
  if ('tensor' in value) return writer.message(5, tensorMessage(value.tensor)).int(20, 4);
  if ('graph' in value) return writer.message(6, graphMessage(value.graph)).int(20, 5);
  if ('floats' in value) {
    for (const number of value.floats) writer.float(7, number);
    return writer.int(20, 6);
  }
  if ('ints' in value) {
    for (const number of value.ints) writer.int(8, number);
    return writer.int(20, 7);
  }
  for (const text of value.strings) writer.text(9, text);
  return writer.int(20, 8);
}

function tensorMessage(tensor: OnnxTensor): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const size of tensor.shape) writer.int(1, size);
  writer.int(2, onnxDataTypes[tensor.dtype]).text(8, tensor.name);
  if (tensor.data instanceof Uint8Array) return writer.bytes(9, tensor.data);
  const { location, offset, length } = tensor.data;
  const entries = Object.entries({ location, offset: String(offset), length: String(length) });
  return writer.messages(13, entries, ([key, value]) => new ProtobufWriter().text(1, key).text(2, value)).int(14, 1);
}

function valueInfoMessage(value: OnnxValueInfo): ProtobufWriter {
  const shape = new ProtobufWriter().messages(1, value.shape, (size) =>
    typeof size === 'string' ? new ProtobufWriter().text(2, size) : new ProtobufWriter().int(1, size),
  );
  const tensorType = new ProtobufWriter().int(1, onnxDataTypes[value.dtype]).message(2, shape);
  return new ProtobufWriter().text(1, value.name).message(2, new ProtobufWriter().message(1, tensorType));
}

/** Writes protobuf's wire format: per field, a key (field number × 8 + wire type) and a value. */
class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];

  int(field: number, value: number): this {
    return this.#push(varint(field * 8), varint(value));
  }

  float(field: number, value: number): this {
    return this.#push(varint(field * 8 + 5), float32Bytes([value]));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint(field * 8 + 2), varint(value.length), value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.finish());
  }

  messages<T>(field: number, values: readonly T[], encode: (value: T) => ProtobufWriter): this {
    for (const value of values) this.message(field, encode(value));
    return this;
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #push(...parts: Uint8Array[]): this {
    this.#parts.push(...parts);
    return this;
  }
}

/** An integer in base 128, least significant digits first; negative ones as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new RangeError(`an ONNX integer field takes an integer, not ${value}`);
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
