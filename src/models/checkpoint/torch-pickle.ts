import { InputError } from '../../core/errors.js';
import type { PickleSource } from './pickle-machine.js';
import {
  PickledDict,
  PickledName,
  type PickledObject,
  type PickledValue,
  type PickleHandler,
} from './pickle-values.js';
import { readPickle } from './pickle.js';
import { maxTensors, type TensorType } from './tensors.js';

const storageTypes: Readonly<Record<string, TensorType>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

/** A storage: the elements in one file of the archive. */
export interface TorchStorage extends PickledObject {
  readonly kind: 'storage';
  readonly type: TensorType;
  readonly key: string;
}

/** A tensor: a view of a storage. */
export interface TorchTensor extends PickledObject {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  /** Index of the first element in the storage. */
  readonly start: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * Returns the tensors of a pickled state dictionary (`data.pkl` of torch.save) by name; other entries are ignored. The
 * pickle may contain tensors, parameters, storages and ordered dictionaries only (torch/_utils.py).
 * @throws InputError for a pickle that refers to anything else, or has no tensors
 */
export function readStateDictionary(pickle: PickleSource): [string, TorchTensor][] {
  const { path } = pickle;
  const state = readPickle(pickle, handlerFor(path));
  if (!(state instanceof PickledDict))
    throw new InputError(`${path}: holds no state dictionary; expected one, as model.save_pretrained writes it`);
  const tensors: [string, TorchTensor][] = [];
  for (const [name, value] of state.entries) {
    if (typeof name === 'string' && isTensor(value)) tensors.push([name, value]);
  }
  if (tensors.length > maxTensors)
    throw damaged(path, `it has ${tensors.length} tensors; at most ${maxTensors} are read`);
  if (tensors.length > 0) return tensors;
  throw new InputError(`${path}: its dictionary holds no tensors; expected a model's state dictionary`);
}

/** Defines the names that the pickle of a state dictionary may refer to, and the objects that they create. */
function handlerFor(path: string): PickleHandler {
  const wrong = (problem: string): InputError => damaged(path, problem);
  const calls: Readonly<Record<string, (args: readonly PickledValue[]) => PickledValue>> = {
    'collections.OrderedDict': (args) => {
      if (args.length > 0) throw wrong('an ordered dictionary is created from a value');
      return new PickledDict();
    },
    'torch._utils._rebuild_tensor': tensorFrom,
    'torch._utils._rebuild_tensor_v2': tensorFrom,
    'torch._utils._rebuild_parameter': ([tensor]) => {
      if (isTensor(tensor)) return tensor;
      throw wrong('a parameter is created from a value that is not a tensor');
    },
  };
  function tensorFrom([storage, start, shape, strides]: readonly PickledValue[]): TorchTensor {
    if (isStorage(storage) && isSize(start) && isSizes(shape) && isSizes(strides) && shape.length === strides.length)
      return { kind: 'tensor', storage, start, shape, strides };
    throw wrong('a tensor is created from invalid values');
  }
  return {
    allows: (name) => Object.hasOwn(calls, name) || Object.hasOwn(storageTypes, name),
    call(name, args) {
      if (!Object.hasOwn(calls, name)) throw wrong(`it calls ${name}`);
      return calls[name]!(args);
    },
    persistent(id): TorchStorage {
      const [kind, type, key, , , view] = Array.isArray(id) ? id : [];
      if (view != null) throw wrong('a storage is a view of another one');
      if (
        kind !== 'storage' ||
        !(type instanceof PickledName) ||
        typeof key !== 'string' ||
        !Object.hasOwn(storageTypes, type.name)
      )
        throw wrong('it refers to a persistent object that is not a storage');
      return { kind: 'storage', type: storageTypes[type.name]!, key };
    },
  };
}

function isTensor(value: PickledValue | undefined): value is TorchTensor {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';
}

function isStorage(value: PickledValue | undefined): value is TorchStorage {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'storage';
}

function isSize(value: PickledValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** PyTorch's own limit. A long list could be the shape of many tensors, each of which would be checked. */
const maxDimensions = 64;

function isSizes(value: PickledValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= maxDimensions && value.every(isSize);
}

/** An error about an archive or a pickle that torch.save would not have written like this. */
export function damaged(path: string, problem: string): InputError {
  return new InputError(`${path}: damaged PyTorch weights: ${problem}; download or save it again`);
}
