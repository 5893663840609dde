import { open, realpath } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Entry, ZipFile } from 'yauzl';
import { InputError, messageOf } from '../../core/errors.js';
import { isErrno } from '../../io/files.js';
import { bytesPerElement, elements, type TensorSource } from './tensors.js';
import { damaged, readStateDictionary, type TorchTensor } from './torch-pickle.js';
import { headOf, refuseLookalikes } from './lookalikes.js';

/**
 * Bounds of an archive and its pickle. The largest models have tens of thousands of tensors, each with an entry of its own
 * in the archive unless tensors share one. For a tensor, torch.save writes some 60 opcodes in 150 to 300 bytes (its name,
 * storage, shape and strides) and some 15 opcodes for its module's metadata. So the bounds leave room for several times
 * that, and for twenty thousand tensors that share one entry; a pickle of nothing but empty lists ends after a tenth of a
 * second.
 */
const maxEntries = 100_000;
const opcodesAllowed = { always: 1_500_000, perEntry: 200 };
const bytesAllowed = { always: 8 << 20, perEntry: 2 << 10 };

/** Location of bytes in the archive. */
interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Lists the tensors of a `pytorch_model.bin` without reading their values. PyTorch's format since 1.6 is a zip archive
 * of uncompressed entries: `data.pkl` with names and shapes, and `data/0`, `data/1` … with the bytes. The pickle is
 * parsed, never executed (pickle.ts). Tensors may share a storage.
 * Format: torch/serialization.py, torch/_utils.py
 * @returns the state dictionary's tensors, each with the range of its bytes in the archive
 * @throws InputError for another format, a damaged archive, a malicious pickle, or a tensor not stored row by row
 */
export async function readTorchZip(path: string): Promise<TensorSource[]> {
  const fileSize = await checkFormat(path);
  const zip = await openZip(path);
  try {
    const entries = await entriesOf(zip, path);
    const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
    if (pickleName === undefined) throw damaged(path, 'it has no data.pkl');
    const root = pickleName.slice(0, -'data.pkl'.length);
    await checkByteOrder(zip, entries.get(`${root}byteorder`), path);
    const pickle = await contentOf(zip, entries.get(pickleName)!, path, allowed(bytesAllowed, entries.size));
    const maxOpcodes = allowed(opcodesAllowed, entries.size);
    const file = await realpath(path);
    const tensors: TensorSource[] = [];
    for (const [name, tensor] of readStateDictionary({ bytes: pickle, path, maxOpcodes })) {
      const entry = entries.get(`${root}data/${tensor.storage.key}`);
      if (entry === undefined)
        throw damaged(path, `tensor "${name}" is in data/${tensor.storage.key}, which is missing`);
      const stored = await rangeOfEntry(zip, entry, path, fileSize);
      tensors.push({
        name,
        type: tensor.storage.type,
        shape: tensor.shape,
        file,
        ...rangeOfTensor(name, tensor, stored, path),
      });
    }
    return tensors.sort((a, b) => a.offset - b.offset || a.length - b.length);
  } finally {
    zip.close();
  }
}

/** Checks the first bytes of the file. @returns its size */
async function checkFormat(path: string): Promise<number> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) throw new InputError(`${path}: there is no such file; expected PyTorch weights`);
    throw new InputError(`${path}: cannot be read (${messageOf(error)})`);
  });
  try {
    const head = await headOf(file);
    refuseLookalikes(path, head);
    const old = oldFormat(head);
    if (old !== undefined)
      throw new InputError(
        `${path}: is in PyTorch's ${old}, which is not supported; load it with torch.load and save it again with torch.save, or as safetensors`,
      );
    if (!head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1')))
      throw damaged(path, 'it does not begin like a zip archive');
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

function oldFormat(head: Buffer): string | undefined {
  if (head.toString('latin1', 257, 262) === 'ustar') return 'tar format of before 2017';
  return undefined;
}

async function openZip(path: string): Promise<ZipFile> {
  try {
    const { openPromise } = await import('yauzl');
    return await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw damaged(path, messageOf(error));
  }
}

async function entriesOf(zip: ZipFile, path: string): Promise<Map<string, Entry>> {
  if (zip.entryCount > maxEntries)
    throw damaged(path, `it has ${zip.entryCount} entries; at most ${maxEntries} are read`);
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw damaged(path, `it has ${entry.fileName} twice`);
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    throw error instanceof InputError ? error : damaged(path, messageOf(error));
  }
  return entries;
}

function allowed({ always, perEntry }: typeof opcodesAllowed, entries: number): number {
  return always + perEntry * entries;
}

async function contentOf(zip: ZipFile, entry: Entry, path: string, maxBytes: number): Promise<Buffer> {
  requireStored(entry, path);
  if (entry.uncompressedSize > maxBytes)
    throw damaged(path, `${entry.fileName} has ${entry.uncompressedSize} bytes; at most ${maxBytes} are read`);
  try {
    return await buffer(await zip.openReadStreamPromise(entry));
  } catch (error) {
    throw damaged(path, messageOf(error));
  }
}

/** Longest `byteorder` entry that is read: it says "little" or "big". */
const maxByteOrder = 16;

async function checkByteOrder(zip: ZipFile, entry: Entry | undefined, path: string): Promise<void> {
  if (entry === undefined || entry.uncompressedSize > maxByteOrder) return;
  const order = (await contentOf(zip, entry, path, maxByteOrder)).toString('latin1').trim();
  if (order !== 'little')
    throw new InputError(
      `${path}: its byte order is ${JSON.stringify(order)}; expected little; save it on another machine`,
    );
}

async function rangeOfEntry(zip: ZipFile, entry: Entry, path: string, fileSize: number): Promise<ByteRange> {
  requireStored(entry, path);
  let offset: number;
  try {
    offset = (await zip.readLocalFileHeaderPromise(entry, { minimal: true })).fileDataStart;
  } catch (error) {
    throw damaged(path, messageOf(error));
  }
  if (offset + entry.uncompressedSize > fileSize) throw damaged(path, `${entry.fileName} ends after the archive`);
  return { offset, length: entry.uncompressedSize };
}

function requireStored(entry: Entry, path: string): void {
  if (entry.compressionMethod !== 0 || (entry.generalPurposeBitFlag & 1) !== 0)
    throw new InputError(
      `${path}: ${entry.fileName} is compressed; expected uncompressed entries, as torch.save writes them`,
    );
}

/**
 * The bytes of a tensor. Only contiguous row-major tensors can be used without a copy.
 * @param stored the bytes of its storage
 */
export function rangeOfTensor(name: string, tensor: TorchTensor, stored: ByteRange, path: string): ByteRange {
  const { storage, start, shape, strides } = tensor;
  const size = bytesPerElement[storage.type];
  const length = elements(tensor) * size;
  let step = 1;
  for (let i = shape.length - 1; length > 0 && i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step)
      throw new InputError(
        `${path}: tensor "${name}" is a view with shape [${shape.join(', ')}] and strides [${strides.join(', ')}], not stored row by row; ` +
          'save the model again with its tensors made contiguous, or as safetensors',
      );
    step *= shape[i]!;
  }
  if (!(start * size + length <= stored.length))
    throw damaged(
      path,
      `tensor "${name}" needs ${start * size + length} bytes of data/${storage.key}, which has ${stored.length}`,
    );
  return { offset: stored.offset + start * size, length };
}
