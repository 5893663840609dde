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

/** The tensors of a checkpoint as constants of a graph: checked against the expected shape, and never copied. */
export class Weights {
  /** Locations of constants are relative to this folder; the session needs it. */
  readonly folder: string;
  private readonly tensors: TensorTable;
  /** The checkpoint's folder, for messages. */
  private readonly origin: string;
  private readonly constants = new Map<string, Value>();
  private readonly casts = new Map<string, Value>();

  /**
   * @param prefixes that a tensor's name may have in the file: a language model's is saved as `transformer.h.0…`, a
   * bare encoder's as `h.0…`
   * @param int8 where linear layers have their weights from in eight bits; null for those of the checkpoint
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

  /** A path as the graph has it: relative to {@link folder}. */
  locate(path: string): string {
    return relative(this.folder, path).split(sep).join('/');
  }

  /** The tensor in float32. Half precision is widened when the session starts, which is exact. */
  get(name: string, shape: readonly number[]): Value {
    const known = this.casts.get(name);
    if (known !== undefined) return known;
    const value = this.widen(this.constant(name, shape, ''), name);
    this.casts.set(name, value);
    return value;
  }

  /**
   * The tensor in its own type: for a look-up, which needs no widened copy of the whole table. See {@link widen}. An
   * embedding that is also the LM head becomes two constants of the same bytes: one that is looked up is not packed.
   */
  getAsStored(name: string, shape: readonly number[]): Value {
    return this.constant(name, shape, ' (table)');
  }

  /** Where the tensor lies. */
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
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const { offset, length } = tensor;
    const data = { location: this.locate(tensor.file), offset, length };
    const value = this.graph.external(key, typeOf(tensor, this.origin), tensor.shape, data);
    this.constants.set(key, value);
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
    throw new InputError(`${this.origin}: has no tensor ${names}, which config.json asks for`);
  }
}

function typeOf({ name, type }: TensorSource, origin: string): OnnxDataType {
  const known = elementTypeOf[type];
  if (known !== undefined) return known;
  const supported = Object.keys(elementTypeOf).join(', ');
  throw new InputError(`${origin}: tensor "${name}" is in ${type}; supported are ${supported}`);
}

/** The deepest folder that holds all these. Hub caches keep shards as links into one folder of blobs. */
function commonFolder(folders: readonly string[]): string {
  const [first, ...rest] = folders;
  if (first === undefined) return '.';
  let folder = first;
  for (const other of rest)
    while (relative(folder, other).startsWith('..') && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
