import { dirname, relative, sep } from 'node:path';
import { InputError } from '../../core/errors.js';
import { onnxDataTypes, type OnnxDataType } from '../../io/onnx-writer.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { TensorSource, TensorTable, TensorType } from '../checkpoint/tensors.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import type { GraphBuilder, Value } from './graph.js';

const elementTypeOf: Partial<Record<TensorType, OnnxDataType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** The tensors of a checkpoint as graph constants: their shapes are checked, their bytes are never copied. */
export class Weights {
  /** Folder that the constants' paths are relative to; the session needs it. */
  readonly folder: string;
  private readonly tensors: TensorTable;
  /** The checkpoint's folder, for error messages. */
  private readonly origin: string;
  private readonly constants = new Map<string, Value>();
  private readonly casts = new Map<string, Value>();

  /**
   * @param prefixes possible prefixes of tensor names in the file: a language model is saved as `transformer.h.0…`, a
   * bare encoder as `h.0…`
   * @param int8 the weights of linear layers in eight bits; null to use those of the checkpoint
   */
  constructor(
    private readonly graph: GraphBuilder,
    { tensors, folder }: Pick<Checkpoint, 'tensors' | 'folder'>,
    private readonly prefixes: readonly string[],
    readonly int8: Int8Weights | null = null,
  ) {
    this.tensors = tensors;
    this.origin = folder;
    const folders = [...tensors.values()].map((tensor) => dirname(tensor.file));
    this.folder = commonFolder(int8 === null ? folders : [...folders, int8.folder]);
  }

  /** The path of a file as the graph refers to it, relative to {@link folder}. */
  locate(path: string): string {
    return relative(this.folder, path).split(sep).join('/');
  }

  /** The tensor in float32. Half precision is widened, without loss, when the session starts. */
  get(name: string, shape: readonly number[]): Value {
    const cached = this.casts.get(name);
    if (cached !== undefined) return cached;
    const value = this.widen(this.constant(name, shape, ''), name);
    this.casts.set(name, value);
    return value;
  }

  /**
   * The tensor in its stored type, for look-ups: only the rows found need to be widened (see {@link widen}), not the
   * whole table. An embedding that is also the LM head becomes two constants over the same bytes, because ONNX Runtime
   * does not pack a constant that is used in look-ups.
   */
  getAsStored(name: string, shape: readonly number[]): Value {
    return this.constant(name, shape, ' (table)');
  }

  /** Location of the tensor in the checkpoint. @throws InputError if it is missing or has another shape or type */
  source(name: string, shape: readonly number[]): TensorSource {
    const tensor = this.require(name);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i]))
      throw new InputError(
        `${this.origin}: tensor "${tensor.name}" has shape [${tensor.shape.join(', ')}]; ` +
          `config.json asks for [${shape.join(', ')}]`,
      );
    typeOf(tensor, this.origin);
    return tensor;
  }

  private constant(name: string, shape: readonly number[], use: string): Value {
    const tensor = this.source(name, shape);
    const key = tensor.name + use;
    const cached = this.constants.get(key);
    if (cached !== undefined) return cached;
    const { offset, length } = tensor;
    const data = { location: this.locate(tensor.file), offset, length };
    const value = this.graph.external(key, typeOf(tensor, this.origin), tensor.shape, data);
    this.constants.set(key, value);
    return value;
  }

  /** The first of these names that the checkpoint has a tensor for, or the first name if there is none. */
  firstOf(...names: [string, ...string[]]): string {
    return names.find((name) => this.find(name) !== undefined) ?? names[0];
  }

  /** Converts `value`, which was read from the tensor `name`, to float32. */
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
    throw new InputError(`${this.origin}: has no tensor ${names}, which config.json asks for`);
  }
}

function typeOf({ name, type }: TensorSource, origin: string): OnnxDataType {
  const elementType = elementTypeOf[type];
  if (elementType !== undefined) return elementType;
  const supported = Object.keys(elementTypeOf).join(', ');
  throw new InputError(`${origin}: tensor "${name}" is in ${type}; supported are ${supported}`);
}

/** The deepest folder that contains all of these. (In hub caches, a model's files are links into a folder of blobs.) */
function commonFolder(folders: readonly string[]): string {
  const [first, ...rest] = folders;
  if (first === undefined) return '.';
  let folder = first;
  for (const other of rest)
    while (relative(folder, other).startsWith('..') && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
