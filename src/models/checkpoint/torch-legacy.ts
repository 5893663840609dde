import { open, realpath, type FileHandle } from 'node:fs/promises';
import { InputError } from '../../core/errors.js';
import { headOf } from './lookalikes.js';
import { PickledDict, type PickledValue, type PickleHandler } from './pickle-values.js';
import { readPickle } from './pickle.js';
import { bytesPerElement, type TensorSource, type TensorType } from './tensors.js';
import { damaged, readStateDictionary, type TorchTensor } from './torch-pickle.js';
import { rangeOfTensor, readTorchZip } from './torch-zip.js';

/** The first pickle: protocol 2, torch.serialization.MAGIC_NUMBER as an integer of ten bytes, stop. */
const magic = Buffer.from([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);
/** The second: protocol 2, the version 1001, stop. */
const version = Buffer.from([0x80, 0x02, 0x4d, 0xe9, 0x03, 0x2e]);
/** How every pickle begins. */
const protocol = Buffer.from([0x80, 0x02]);
const stop = 0x2e;

/** Largest part of a file that is searched for its pickles; they hold names and shapes. */
const maxPickleBytes = 16 << 20;
/** Most opcodes of a pickle: several times those of twenty thousand tensors. */
const maxOpcodes = 1_500_000;
/** Bytes that may be read in search of the end of a pickle; most files need less than ten times a pickle's own. */
const maxTriedBytes = 64 << 20;

/**
 * Lists the tensors of a `pytorch_model.bin`, in the format of its time: a zip archive since PyTorch 1.6, before that
 * pickles one after another.
 */
export async function readTorchWeights(path: string): Promise<TensorSource[]> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return readTorchZip(path);
  try {
    return (await headOf(file, magic.length)).equals(magic) ? await readLegacy(file, path) : await readTorchZip(path);
  } finally {
    await file.close();
  }
}

/**
 * PyTorch's format of before version 1.6 (`_legacy_save` of torch/serialization.py): five pickles (magic number, version,
 * byte order, the state dictionary, the keys of its storages), then for each key a count of elements in eight bytes and
 * the elements. Nothing is executed, as in {@link readTorchZip}.
 */
async function readLegacy(file: FileHandle, path: string): Promise<TensorSource[]> {
  const head = await headOf(file, Math.min((await file.stat()).size, maxPickleBytes));
  const start = magic.length + version.length;
  if (!head.subarray(magic.length, start).equals(version)) throw damaged(path, 'it is not of version 1001');
  const source = (bytes: Uint8Array): Parameters<typeof readPickle>[0] => ({ bytes, path, maxOpcodes });
  const system = pickleAt(head, start, path, true, (bytes) => readPickle(source(bytes), nothing(path)));
  requireLittleEndian(system.value, path);
  const state = pickleAt(head, system.end, path, true, (bytes) => readStateDictionary(source(bytes)));
  const keys = pickleAt(head, state.end, path, false, (bytes) =>
    keysOf(readPickle(source(bytes), nothing(path)), path),
  );
  const storages = await storageRanges(file, keys, typesOf(state.value), path);
  const target = await realpath(path);
  const tensors = state.value.map(([name, tensor]): TensorSource => {
    const { type, key } = tensor.storage;
    const stored = storages.get(key);
    if (stored === undefined) throw damaged(path, `tensor "${name}" is in storage ${key}, which is missing`);
    return { name, type, shape: tensor.shape, file: target, ...rangeOfTensor(name, tensor, stored, path) };
  });
  return tensors.sort((a, b) => a.offset - b.offset || a.length - b.length);
}

/**
 * Reads the pickle at an offset. Its end is not written down: it is the first stop that, where another pickle follows, is
 * followed by its beginning, and up to which the bytes can be read. (Within a pickle a stop's byte can be part of a number.)
 */
function pickleAt<T>(
  bytes: Buffer,
  start: number,
  path: string,
  anotherFollows: boolean,
  read: (pickle: Buffer) => T,
): { readonly value: T; readonly end: number } {
  let problem: unknown = damaged(path, 'it ends within its pickles');
  let at = start;
  for (let tried = 0; tried < maxTriedBytes;) {
    at = bytes.indexOf(stop, at) + 1;
    if (at === 0) throw problem;
    if (anotherFollows && !bytes.subarray(at, at + protocol.length).equals(protocol)) continue;
    tried += at - start;
    try {
      return { value: read(bytes.subarray(start, at)), end: at };
    } catch (error) {
      if (!(error instanceof InputError) || !/ends (?:after|within)/.test(error.message)) throw error;
      problem = error;
    }
  }
  throw problem;
}

/** A handler for pickles of plain values. */
function nothing(path: string): PickleHandler {
  const refuse = (): never => {
    throw damaged(path, 'it creates objects where plain values are expected');
  };
  return { allows: () => false, call: refuse, persistent: refuse };
}

function requireLittleEndian(system: PickledValue, path: string): void {
  const entries = system instanceof PickledDict ? system.entries : [];
  if (entries.some(([key, value]) => key === 'little_endian' && value === true)) return;
  throw new InputError(`${path}: its byte order is not little; save it on another machine`);
}

function keysOf(value: PickledValue, path: string): string[] {
  if (Array.isArray(value) && value.every((key) => typeof key === 'string')) return value;
  throw damaged(path, 'it has no list of storages');
}

function typesOf(state: readonly (readonly [string, TorchTensor])[]): Map<string, TensorType> {
  return new Map(state.map(([, { storage }]) => [storage.key, storage.type]));
}

/** The bytes of each storage, which lie one after another at the end of the file. */
async function storageRanges(
  file: FileHandle,
  keys: { readonly value: readonly string[]; readonly end: number },
  types: ReadonlyMap<string, TensorType>,
  path: string,
): Promise<Map<string, { readonly offset: number; readonly length: number }>> {
  const { size } = await file.stat();
  const ranges = new Map<string, { offset: number; length: number }>();
  let at = keys.end;
  for (const key of keys.value) {
    const type = types.get(key);
    if (type === undefined)
      throw new InputError(
        `${path}: holds storage ${key} besides the tensors of its state dictionary, which is not supported; save the model again as safetensors`,
      );
    const count = Buffer.alloc(8);
    const { bytesRead } = await file.read(count, 0, 8, at);
    const length = Number(count.readBigInt64LE()) * bytesPerElement[type];
    if (bytesRead < 8 || !(length >= 0) || at + 8 + length > size)
      throw damaged(path, `storage ${key} ends after the file, which has ${size} bytes: it is truncated`);
    ranges.set(key, { offset: at + 8, length });
    at += 8 + length;
  }
  return ranges;
}
