import {
  encodeOnnxModel,
  float32Bytes,
  int64Bytes,
  type OnnxAttribute,
  type OnnxDataType,
  type OnnxExternalData,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from '../../io/onnx-writer.js';

/** The name of a tensor in the graph: an input, a constant or the result of a node. */
export type Value = string;

/** A number is an integer here; what ONNX takes as a float is said to be one. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** ONNX's operator set that the graphs use (20 brought `Gelu`), and the format version that goes with it. */
const opset = 20;
const irVersion = 9;
/** The operators that ONNX Runtime adds to ONNX's own. */
const runtimeDomain = 'com.microsoft';

/** Builds an ONNX graph node by node. Every method that adds something returns the name of what it yields. */
export class GraphBuilder {
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers = new Map<string, OnnxTensor>();
  private readonly inputs: OnnxValueInfo[] = [];
  private readonly outputs: OnnxValueInfo[] = [];
  private values = 0;

  /** Declares an input; a dimension given by name may have any size. */
  input(name: string, dtype: OnnxDataType, shape: readonly (number | string)[]): Value {
    this.inputs.push({ name, dtype, shape });
    return name;
  }

  /** Declares `value` as an output of the graph under `name`. Outputs are returned in the order of these calls. */
  output(name: string, value: Value, shape: readonly (number | string)[]): void {
    this.nodes.push({ op: 'Identity', inputs: [value], outputs: [name], name: `Identity:${name}` });
    this.outputs.push({ name, dtype: 'float32', shape });
  }

  /** Adds an operator of ONNX's own set with one result. An input of "" is left out. */
  op(op: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.ops(op, inputs, 1, attributes)[0]!;
  }

  /** Adds an operator that ONNX Runtime has besides ONNX's own, with one result. */
  runtimeOp(op: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.ops(op, inputs, 1, attributes, runtimeDomain)[0]!;
  }

  /** Adds an operator with several results. */
  ops(
    op: string,
    inputs: readonly Value[],
    results: number,
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): Value[] {
    const outputs = Array.from({ length: results }, () => `v${this.values++}`);
    const name = `${op}:${outputs[0]}`;
    this.nodes.push({ op, domain, inputs, outputs, name, attributes: onnxAttributes(attributes) });
    return outputs;
  }

  /** A float32 scalar. */
  scalar(value: number): Value {
    return this.constant(`f:${value}`, 'float32', [], float32Bytes([value]));
  }

  /** A uint8 scalar. */
  byte(value: number): Value {
    return this.constant(`b:${value}`, 'uint8', [], Uint8Array.of(value));
  }

  /** An int32 scalar. */
  integer(value: number): Value {
    return this.constant(`i:${value}`, 'int32', [], new Uint8Array(Int32Array.of(value).buffer));
  }

  /** A one-dimensional int64 tensor, as shapes and axes are given. */
  integers(values: readonly number[]): Value {
    return this.constant(`l:${values.join(',')}`, 'int64', [values.length], int64Bytes(values));
  }

  /** A constant float32 table of the program's own (rotary frequencies, slopes). @param name unique in the graph */
  table(name: string, shape: readonly number[], values: Float32Array): Value {
    return this.constant(`t:${name}`, 'float32', shape, float32Bytes(values));
  }

  /** A constant whose bytes stay where they are: `data.location` is relative to the session's folder of weights. */
  external(name: string, dtype: OnnxDataType, shape: readonly number[], data: OnnxExternalData): Value {
    this.initializers.set(name, { name, dtype, shape, data });
    return name;
  }

  /** Bytes of the constants that are in files; four an element where they are floats of any type. */
  get weightBytes(): number {
    let bytes = 0;
    for (const { dtype, shape, data } of this.initializers.values())
      if (!(data instanceof Uint8Array))
        bytes += dtype === 'int8' ? data.length : 4 * shape.reduce((product, size) => product * size, 1);
    return bytes;
  }

  /** The whole graph as an ONNX model. */
  serialize(): Uint8Array {
    const { nodes, inputs, outputs } = this;
    const initializers = [...this.initializers.values()];
    return encodeOnnxModel({
      graph: { name: 'graph', nodes, inputs, outputs, initializers },
      opset,
      domains: { [runtimeDomain]: 1 },
      irVersion,
    });
  }

  private constant(name: string, dtype: OnnxDataType, shape: readonly number[], data: Uint8Array): Value {
    if (!this.initializers.has(name)) this.initializers.set(name, { name, dtype, shape, data });
    return name;
  }
}

function onnxAttributes(attributes: Readonly<Record<string, Attribute>>): Record<string, OnnxAttribute> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, onnxAttribute(value)]));
}

function onnxAttribute(value: Attribute): OnnxAttribute {
  if (typeof value === 'number') return { int: value };
  if (typeof value === 'string') return { string: value };
  return 'float' in value ? value : { ints: value };
}
