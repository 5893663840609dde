import { open, realpath, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import { isErrno } from '../../io/files.js';
import { bytesPerElement, elements, maxTensors, type TensorSource, type TensorType } from './tensors.js';
import { headOf, refuseLookalikes } from './lookalikes.js';

/** Largest header that is read, as in the reference implementation. */
const maxHeaderBytes = 100_000_000;

const tensorTypes = Object.keys(bytesPerElement) as [TensorType, ...TensorType[]];
const size = z.int().nonnegative();
const headerEntry = z.object({
  dtype: z.enum(tensorTypes),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});

/**
 * Reads the header of a safetensors file: an eight-byte length, then JSON. The tensors' bytes follow and are not read.
 * Format: https://github.com/huggingface/safetensors#format
 * @returns the tensors in the order of their bytes
 * @throws InputError for a truncated file, or a header that does not describe the bytes exactly
 */
export async function readSafetensorsHeader(path: string): Promise<TensorSource[]> {
  const file = await openFile(path);
  try {
    refuseLookalikes(path, await headOf(file));
    const { size: fileSize } = await file.stat();
    const headerSize = await readHeaderSize(file, path, fileSize);
    const header = parseHeader(await readExactly(file, 8, headerSize), path);
    const count = Object.keys(header).length;
    if (count > maxTensors) throw broken(path, `lists ${count} tensors; at most ${maxTensors} are read`);
    const dataStart = 8 + headerSize;
    const target = await realpath(path);
    const tensors: TensorSource[] = [];
    for (const [name, value] of Object.entries(header)) {
      if (name === '__metadata__') continue;
      const entry = headerEntry.safeParse(value);
      if (!entry.success) {
        const issue = entry.error.issues[0];
        throw broken(
          path,
          `tensor "${name}", field "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'does not fit'}`,
        );
      }
      const { dtype, shape, data_offsets } = entry.data;
      const [begin, end] = data_offsets;
      tensors.push({ name, type: dtype, shape, file: target, offset: dataStart + begin, length: end - begin });
    }
    tensors.sort((a, b) => a.offset - b.offset || a.length - b.length);
    checkRanges(tensors, path, dataStart, fileSize);
    return tensors;
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new InputError(`${path}: there is no such file; expected safetensors weights`);
    throw new InputError(`${path}: cannot be read (${messageOf(error)})`);
  }
}

async function readHeaderSize(file: FileHandle, path: string, fileSize: number): Promise<number> {
  if (fileSize < 8) throw broken(path, `has ${fileSize} bytes, which is too short for a header`);
  const headerSize = (await readExactly(file, 0, 8)).readBigUInt64LE();
  if (headerSize > BigInt(maxHeaderBytes))
    throw broken(path, `announces a header of ${headerSize.toString()} bytes; at most ${maxHeaderBytes} are allowed`);
  if (headerSize + 8n > BigInt(fileSize))
    throw broken(path, `ends within its header of ${headerSize.toString()} bytes: the file has ${fileSize} bytes`);
  return Number(headerSize);
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new InputError('the file became shorter while it was read; try again');
    done += bytesRead;
  }
  return buffer;
}

function parseHeader(bytes: Buffer, path: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw broken(path, `the header is not JSON (${messageOf(error)})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw broken(path, 'the header is not a JSON object');
  return header as Record<string, unknown>;
}

/** Checks that each tensor has as many bytes as its shape needs, and that the tensors fill the file without gaps. */
function checkRanges(tensors: readonly TensorSource[], path: string, dataStart: number, fileSize: number): void {
  let position = dataStart;
  for (const tensor of tensors) {
    const { name, type, shape, offset, length } = tensor;
    const expected = elements(tensor) * bytesPerElement[type];
    if (length !== expected)
      throw broken(
        path,
        `tensor "${name}" has ${length} bytes; its shape [${shape.join(', ')}] in ${type} needs ${expected}`,
      );
    if (offset < position) throw broken(path, `tensor "${name}" overlaps the one before it`);
    if (offset > position) throw broken(path, `there are ${offset - position} unused bytes before tensor "${name}"`);
    position = offset + length;
    if (position > fileSize)
      throw broken(
        path,
        `the file has ${fileSize} bytes, but tensor "${name}" ends at byte ${position}: it is truncated`,
      );
  }
  if (position !== fileSize) throw broken(path, `has ${fileSize - position} bytes after its last tensor`);
}

function broken(path: string, problem: string): InputError {
  return new InputError(`${path}: damaged safetensors file: ${problem}; download or save it again`);
}
