import { dirname, relative, sep } from 'node:path';
import { InputError } from '../../core/errors.js';
import { onnxDataTypes, type OnnxDataType } from '../../core/onnx-writer.js';
import type { TensorSource, TensorTable, TensorType } from '../checkpoint/tensors.js';
import type { GraphBuilder, Value } from './graph.js';

const elementTypeOf: Partial<Record<TensorType, OnnxDataType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** The tensors of a checkpoint as constants of a graph: checked against the expected shape, and never copied. */
export class Weights {
  /** Folder that the session must be told: the constants' locations are relative to it. */
  readonly folder: string;
  private readonly constants = new Map<string, Value>();
  private readonly casts = new Map<string, Value>();

  /**
   * @param source what the tensors were read from, for messages
   * @param prefixes that a tensor's name may have in the file: a language model's is saved as `transformer.h.0…`, a
   * bare encoder's as `h.0…`
   */
  constructor(
    private readonly graph: GraphBuilder,
    private readonly tensors: TensorTable,
    private readonly source: string,
    private readonly prefixes: readonly string[],
  ) {
    this.folder = commonFolder([...tensors.values()].map((tensor) => tensor.file));
  }

  /** The tensor in float32. Half precision is widened when the session starts, which is exact. */
  get(name: string, shape: readonly number[]): Value {
    const known = this.casts.get(name);
    if (known !== undefined) return known;
    const value = this.widen(this.getAsStored(name, shape), name);
    this.casts.set(name, value);
    return value;
  }

  /** The tensor in its own type: for a look-up, which needs no widened copy of the whole table. See {@link widen}. */
  getAsStored(name: string, shape: readonly number[]): Value {
    const tensor = this.require(name);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i]))
      throw new InputError(
        `${this.source}: tensor "${tensor.name}" has shape [${tensor.shape.join(', ')}]; ` +
          `config.json asks for [${shape.join(', ')}]`,
      );
    const known = this.constants.get(tensor.name);
    if (known !== undefined) return known;
    const type = elementTypeOf[tensor.type];
    if (type === undefined)
      throw new InputError(
        `${this.source}: tensor "${tensor.name}" is in ${tensor.type}; supported are ${Object.keys(elementTypeOf).join(', ')}`,
      );
    const { offset, length } = tensor;
    const location = relative(this.folder, tensor.file).split(sep).join('/');
    const value = this.graph.external(tensor.name, type, tensor.shape, { location, offset, length });
    this.constants.set(tensor.name, value);
    return value;
  }

  /** The first of these names that the checkpoint has a tensor of; the first of all if none. */
  firstOf(...names: [string, ...string[]]): string {
    return names.find((name) => this.find(name) !== undefined) ?? names[0];
  }

  /** `value`, which came out of the tensor `name`, in float32. */
  widen(value: Value, name: string): Value {
    return this.require(name).type === 'F32' ? value : this.graph.op('Cast', [value], { to: onnxDataTypes.float32 });
  }

  private find(name: string): TensorSource | undefined {
    for (const prefix of this.prefixes) {
      const tensor = this.tensors.get(prefix + name);
      if (tensor !== undefined) return tensor;
    }
    return undefined;
  }

  private require(name: string): TensorSource {
    const tensor = this.find(name);
    if (tensor !== undefined) return tensor;
    const names = this.prefixes.map((prefix) => `"${prefix}${name}"`).join(' or ');
    throw new InputError(`${this.source}: has no tensor ${names}, which config.json asks for`);
  }
}

/** The deepest folder that holds all the files. Hub caches keep shards as links into one folder of blobs. */
function commonFolder(files: readonly string[]): string {
  const [first, ...rest] = files.map(dirname);
  if (first === undefined) return '.';
  let folder = first;
  for (const other of rest)
    while (relative(folder, other).startsWith('..') && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
