import {
  serializeModel,
  type Attribute,
  type ElementType,
  type Initializer,
  type NodeDefinition,
  type ValueDefinition,
} from './model-proto.js';

/** The name of a tensor in the graph: an input, a constant or the result of a node. */
export type Value = string;

/** Builds an ONNX graph node by node. Every method that adds something returns the name of what it yields. */
export class GraphBuilder {
  private readonly nodes: NodeDefinition[] = [];
  private readonly initializers = new Map<string, Initializer>();
  private readonly inputs: ValueDefinition[] = [];
  private readonly outputs: ValueDefinition[] = [];

  /** Declares an input; a dimension given by name may have any size. */
  input(name: string, type: ElementType, shape: readonly (number | string)[]): Value {
    this.inputs.push({ name, type, shape });
    return name;
  }

  /** Declares `value` as an output of the graph under `name`. Outputs are returned in the order of these calls. */
  output(name: string, value: Value, shape: readonly (number | string)[]): void {
    this.nodes.push({ op: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    this.outputs.push({ name, type: 'float32', shape });
  }

  /** Adds an operator of ONNX's own set with one result. An input of "" is left out. */
  op(op: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    const output = `v${this.nodes.length}`;
    this.nodes.push({ op, domain: '', inputs, outputs: [output], attributes });
    return output;
  }

  /** A float32 scalar. */
  scalar(value: number): Value {
    return this.constant(`f:${value}`, 'float32', [], new Float32Array([value]));
  }

  /** An int32 scalar. */
  integer(value: number): Value {
    return this.constant(`i:${value}`, 'int32', [], new Int32Array([value]));
  }

  /** A one-dimensional int64 tensor, as shapes and axes are given. */
  integers(values: readonly number[]): Value {
    return this.constant(`l:${values.join(',')}`, 'int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A constant whose bytes stay where they are, in a file beside the model. */
  external(name: string, type: ElementType, shape: readonly number[], data: ExternalRange): Value {
    this.initializers.set(name, { name, type, shape, data });
    return name;
  }

  /** The whole graph as an ONNX model. */
  serialize(): Uint8Array {
    return serializeModel({
      nodes: this.nodes,
      initializers: [...this.initializers.values()],
      inputs: this.inputs,
      outputs: this.outputs,
    });
  }

  private constant(name: string, type: ElementType, shape: readonly number[], data: ArrayBufferView): Value {
    if (!this.initializers.has(name)) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.initializers.set(name, { name, type, shape, data: bytes });
    }
    return name;
  }
}

export interface ExternalRange {
  /** File name, relative to the folder that the session is told. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}
