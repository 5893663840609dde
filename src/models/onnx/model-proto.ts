import { ProtobufWriter } from './protobuf.js';

/** Element types, numbered as onnx.proto's `TensorProto.DataType`. */
export const elementTypes = {
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
export type ElementType = keyof typeof elementTypes;

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface NodeDefinition {
  readonly op: string;
  /** "" is ONNX's own operator set; ONNX Runtime's extra operators are in "com.microsoft". */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant: its bytes are in the model, or at a range of a file beside it. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

/** A graph input or output; a dimension given by name may have any size. */
export interface ValueDefinition {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface GraphDefinition {
  readonly nodes: readonly NodeDefinition[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueDefinition[];
  readonly outputs: readonly ValueDefinition[];
}

/** ONNX operator set that the graphs use (20 brought `Gelu`), and the format version that goes with it. */
const operatorSet = 20;
const irVersion = 9;

/** Serialises a graph as an ONNX ModelProto (field numbers from onnx.proto). */
export function serializeModel(graph: GraphDefinition): Uint8Array {
  const model = new ProtobufWriter();
  model.integer(1, irVersion);
  model.string(2, 'sgpt-bench');
  model.message(7, (writer) => {
    writeGraph(writer, graph);
  });
  for (const [domain, version] of [
    ['', operatorSet],
    ['com.microsoft', 1],
  ] as const) {
    model.message(8, (set) => {
      set.string(1, domain);
      set.integer(2, version);
    });
  }
  return model.finish();
}

function writeGraph(writer: ProtobufWriter, graph: GraphDefinition): void {
  for (const node of graph.nodes)
    writer.message(1, (message) => {
      writeNode(message, node);
    });
  writer.string(2, 'graph');
  for (const initializer of graph.initializers)
    writer.message(5, (message) => {
      writeInitializer(message, initializer);
    });
  for (const value of graph.inputs)
    writer.message(11, (message) => {
      writeValue(message, value);
    });
  for (const value of graph.outputs)
    writer.message(12, (message) => {
      writeValue(message, value);
    });
}

function writeNode(writer: ProtobufWriter, node: NodeDefinition): void {
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, `${node.op}:${node.outputs[0] ?? ''}`);
  writer.string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes))
    writer.message(5, (message) => {
      writeAttribute(message, name, value);
    });
  if (node.domain !== '') writer.string(7, node.domain);
}

function writeAttribute(writer: ProtobufWriter, name: string, value: Attribute): void {
  writer.string(1, name);
  if (typeof value === 'number') {
    writer.integer(3, value);
    writer.integer(20, 2);
  } else if (typeof value === 'string') {
    writer.string(4, value);
    writer.integer(20, 3);
  } else if ('float' in value) {
    writer.float(2, value.float);
    writer.integer(20, 1);
  } else {
    for (const item of value) writer.integer(8, item);
    writer.integer(20, 7);
  }
}

function writeInitializer(writer: ProtobufWriter, { name, type, shape, data }: Initializer): void {
  for (const size of shape) writer.integer(1, size);
  writer.integer(2, elementTypes[type]);
  writer.string(8, name);
  if (data instanceof Uint8Array) {
    writer.bytes(9, data);
    return;
  }
  for (const [key, value] of Object.entries(data))
    writer.message(13, (entry) => {
      entry.string(1, key);
      entry.string(2, String(value));
    });
  writer.integer(14, 1);
}

function writeValue(writer: ProtobufWriter, { name, type, shape }: ValueDefinition): void {
  writer.string(1, name);
  writer.message(2, (valueType) => {
    valueType.message(1, (tensorType) => {
      tensorType.integer(1, elementTypes[type]);
      tensorType.message(2, (dimensions) => {
        for (const size of shape)
          dimensions.message(1, (dimension) => {
            if (typeof size === 'number') dimension.integer(1, size);
            else dimension.string(2, size);
          });
      });
    });
  });
}
