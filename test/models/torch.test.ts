import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import type { PickleSource } from '../../src/models/checkpoint/pickle-machine.js';
import type { TensorSource } from '../../src/models/checkpoint/tensors.js';
import { readStateDictionary } from '../../src/models/checkpoint/torch-pickle.js';
import { readTorchWeights } from '../../src/models/checkpoint/torch-legacy.js';
import { createBiEncoder } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { zipOf } from '../datasets/zip-writer.js';
import { fixture, golden } from './goldens.js';
import { readTensors } from './safetensors-writer.js';
import { writeTorchZip } from './torch-writer.js';

/** What torch has in the files of tools/goldens/models/torch_zip.py. */
interface TorchGolden {
  readonly tensors: readonly { name: string; type: string; shape: number[]; values: number[] }[];
}
const expected = (golden('torch') as TorchGolden).tensors;
const file = (name: string): string => join(fixture('torch'), name);

const names: Readonly<Record<string, string>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float64: 'F64',
  int64: 'I64',
  int32: 'I32',
  uint8: 'U8',
  bool: 'BOOL',
};

const decoders: Readonly<Partial<Record<TensorSource['type'], (bytes: ArrayBuffer) => Iterable<number>>>> = {
  F32: (bytes) => new Float32Array(bytes),
  F64: (bytes) => new Float64Array(bytes),
  I64: (bytes) => [...new BigInt64Array(bytes)].map(Number),
  I32: (bytes) => new Int32Array(bytes),
  F16: (bytes) => [...new Uint16Array(bytes)].map(fromHalf),
  BF16: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16).buffer),
  U8: (bytes) => new Uint8Array(bytes),
  BOOL: (bytes) => new Uint8Array(bytes),
};

/** The numbers at a tensor's place in its file. */
function valuesOf({ type, file: path, offset, length }: TensorSource): number[] {
  const bytes = new Uint8Array(readFileSync(path).subarray(offset, offset + length));
  return [...decoders[type]!(bytes.buffer)];
}

function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

async function embedding(model: string): Promise<Float32Array> {
  const encoder = await createBiEncoder({ model, pooling: ['weightedmean'], maxTokens: null, threads: 1 });
  try {
    return (await encoder.encode(['Some text to be embedded.'], 'document'))[0]!.data;
  } finally {
    await encoder.close();
  }
}

describe('a file that torch.save wrote', () => {
  it.each(['whole.bin', 'protocol-4.bin', 'before-1.6.bin'])(
    '%s has the tensors that torch has, where it says',
    async (name) => {
      const tensors = new Map((await readTorchWeights(file(name))).map((tensor) => [tensor.name, tensor]));
      expect([...tensors.keys()].sort()).toEqual(expected.map((tensor) => tensor.name).sort());
      for (const { name: tensorName, type, shape, values } of expected) {
        const tensor = tensors.get(tensorName)!;
        expect([tensor.name, tensor.type, tensor.shape]).toEqual([tensorName, names[type], shape]);
        expect(valuesOf(tensor)).toEqual(values);
      }
    },
  );

  it.each([
    ['hostile.bin', /tries to load "posix\.system", which weights do not need; it was not executed/],
    ['module.bin', /tries to load "torch\.nn\.modules\.linear\.Linear"/],
    ['transposed.bin', /tensor "weight" is a view with shape \[4, 3\] and strides \[1, 4\], not stored row by row/],
    ['no-tensors.bin', /its dictionary holds no tensors; expected a model's state dictionary/],
    ['big-endian.bin', /its byte order is "big"; expected little/],
    ['packed.bin', /is compressed; expected uncompressed entries/],
    ['nowhere.bin', /there is no such file/],
  ])('%s is refused', async (name, message) => {
    await expect(readTorchWeights(file(name))).rejects.toThrow(InputError);
    await expect(readTorchWeights(file(name))).rejects.toThrow(message);
  });

  it.each([
    ['a tar archive', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\x0000'), Buffer.alloc(300)]), /tar format/],
    ['a web page', Buffer.from('<!doctype html>\n<html></html>'), /is a web page, not model weights/],
    ['a pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid'), /is a Git LFS pointer.*git lfs pull/],
    ['nothing', Buffer.alloc(0), /does not begin like a zip archive/],
    [
      'a part',
      readFileSync(file('whole.bin')).subarray(0, 3000),
      /damaged PyTorch weights: .*; download or save it again/,
    ],
  ])('%s in its place is refused', async (_, bytes, message) => {
    const path = join(temporaryFolder(), 'pytorch_model.bin');
    writeFileSync(path, bytes);
    await expect(readTorchWeights(path)).rejects.toThrow(InputError);
    await expect(readTorchWeights(path)).rejects.toThrow(message);
  });

  it('of before version 1.6, wherever it ends too early, is refused', async () => {
    const path = join(temporaryFolder(), 'pytorch_model.bin');
    const whole = readFileSync(file('before-1.6.bin'));
    for (let length = 16; length < whole.length; length += 13) {
      writeFileSync(path, whole.subarray(0, length));
      await expect(readTorchWeights(path), `${length} bytes`).rejects.toThrow(InputError);
    }
  });

  it('of before version 1.6 does not run what a pickle asks for', async () => {
    const path = join(temporaryFolder(), 'pytorch_model.bin');
    const whole = readFileSync(file('before-1.6.bin'));
    writeFileSync(
      path,
      Buffer.from(whole.toString('latin1').replace('ccollections\nOrderedDict', 'cposix\nsystem'), 'latin1'),
    );
    await expect(readTorchWeights(path)).rejects.toThrow('tries to load "posix.system", which weights do not need');
  });

  it.each([
    ['empty lists', Buffer.concat([Buffer.from('\x80\x02', 'latin1'), Buffer.alloc(2 << 20, ']'), Buffer.from('.')])],
    ['marks', Buffer.concat([Buffer.from('\x80\x02', 'latin1'), Buffer.alloc(2 << 20, '('), Buffer.from('.')])],
    ['memos', Buffer.concat([Buffer.from('\x80\x02]', 'latin1'), Buffer.alloc(2 << 20, 0x94), Buffer.from('.')])],
  ])('with a pickle of nothing but %s is refused after a bounded number of them', async (_, data) => {
    const path = join(temporaryFolder(), 'pytorch_model.bin');
    writeFileSync(path, zipOf([{ name: 'archive/data.pkl', data, stored: true }]));
    await expect(readTorchWeights(path)).rejects.toThrow(/has more than 15\d+ opcodes, which its tensors do not need/);
  });

  it('with a pickle larger than its tensors need is refused unread', async () => {
    const path = join(temporaryFolder(), 'pytorch_model.bin');
    const [large, some] = [9 << 20, 20].map((bytes) => Buffer.alloc(bytes, ']'));
    writeFileSync(path, zipOf([{ name: 'archive/data.pkl', data: large!, stored: true }]));
    await expect(readTorchWeights(path)).rejects.toThrow(/data\.pkl has 9437184 bytes; at most 83\d+ are read/);
    writeFileSync(path, zipOf([{ name: 'archive/data.pkl', data: some!, stored: true }]));
    await expect(readTorchWeights(path)).rejects.toThrow(/ends after 20 bytes/);
  });

  it('with thousands of tensors is read', async () => {
    const path = join(temporaryFolder(), 'pytorch_model.bin');
    const names = Array.from({ length: 2000 }, (_, i) => `transformer.h.${i}.attention.self.query.weight`);
    writeTorchZip(
      path,
      names.map((name) => ({ name, shape: [1], values: new Float32Array(1) })),
    );
    expect((await readTorchWeights(path)).map(({ name }) => name)).toEqual(names);
  });

  it('whose tensor is longer than its storage is refused', async () => {
    const path = join(temporaryFolder(), 'pytorch_model.bin');
    writeTorchZip(path, [{ name: 'w', shape: [3], values: new Float32Array(2) }]);
    await expect(readTorchWeights(path)).rejects.toThrow('tensor "w" needs 12 bytes of data/0, which has 8');
  });
});

describe('a pickle', () => {
  const pickle = (text: string): Buffer => Buffer.from(text, 'latin1');
  const sourceOf = (bytes: Uint8Array): PickleSource => ({ bytes, path: 'x.bin', maxOpcodes: 10_000 });

  it.each([
    ['a name by opcode', '\x80\x02cbuiltins\neval\n.', /tries to load "builtins\.eval"/],
    ['a name from the stack', '\x80\x04\x8c\x02os\x8c\x06system\x93.', /tries to load "os\.system"/],
    ['a name of several lines', '\x80\x04\x8c\x01a\x8c\x03b\nc\x93.', /tries to load "a\.b\\nc"/],
    ['prototype members', '\x80\x02c__proto__\nconstructor\n.', /tries to load "__proto__\.constructor"/],
    ['an object by class', '\x80\x02(iposix\nsystem\n.', /has opcode 0x69 at byte 3, which weights do not need/],
    ['an extension', '\x80\x02\x82\x01.', /opcode 0x82/],
    ['a call of a storage', '\x80\x02ctorch\nFloatStorage\n)R.', /it calls torch\.FloatStorage/],
    ['a persistent id of another kind', '\x80\x02K\x01Q.', /refers to a persistent object that is not a storage/],
    [
      'a dictionary from a value',
      '\x80\x02ccollections\nOrderedDict\nK\x01\x85R.',
      /ordered dictionary is created from a value/,
    ],
    ['an attribute of a list', '\x80\x02]K\x01b.', /sets attributes of a value that is not a dictionary/],
    ['a missing value', '\x80\x02u.', /closes a group that was not opened/],
    ['an unknown memo', '\x80\x02h\x05.', /refers to value 5, which it has not stored/],
    ['a text longer than the file', '\x80\x02X\xff\xff\xff\x7f', /ends after 7 bytes, within a value/],
    ['a list', '\x80\x02].', /holds no state dictionary/],
  ])('with %s is refused', (_, text, message) => {
    expect(() => readStateDictionary(sourceOf(pickle(text)))).toThrow(InputError);
    expect(() => readStateDictionary(sourceOf(pickle(text)))).toThrow(message);
  });

  it('changed anywhere gives tensors or an InputError, nothing else', () => {
    const archive = readFileSync(file('whole.bin'));
    const start = archive.indexOf('\x80\x02ccollections', 0, 'latin1');
    const whole = archive.subarray(start, archive.indexOf('PK\x07\x08', start, 'latin1'));
    expect(readStateDictionary(sourceOf(whole))).toHaveLength(expected.length);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(whole.length), (changes, end) => {
        const bytes = Buffer.from(whole.subarray(0, end === 0 ? undefined : end));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          readStateDictionary(sourceOf(bytes));
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a model folder with PyTorch weights', () => {
  const copy = (): { folder: string; whole: ReturnType<typeof readTensors> } => {
    const folder = join(temporaryFolder(), 'model');
    cpSync(fixture('gpt-neo'), folder, { recursive: true });
    const whole = readTensors(join(folder, 'model.safetensors'));
    rmSync(join(folder, 'model.safetensors'));
    return { folder, whole };
  };

  it('gives the vectors of the same weights in safetensors, in one file and in shards', async () => {
    const { folder, whole } = copy();
    const vector = await embedding(fixture('gpt-neo'));
    writeTorchZip(join(folder, 'pytorch_model.bin'), whole);
    expect(await embedding(folder)).toEqual(vector);
    rmSync(join(folder, 'pytorch_model.bin'));
    const half = whole.length >> 1;
    const shards = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'] as const;
    writeTorchZip(join(folder, shards[0]), whole.slice(0, half));
    writeTorchZip(join(folder, shards[1]), whole.slice(half));
    const map = Object.fromEntries(whole.map(({ name }, i) => [name, shards[i < half ? 0 : 1]]));
    writeFileSync(join(folder, 'pytorch_model.bin.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
    expect(await embedding(folder)).toEqual(vector);
    writeFileSync(join(folder, shards[1]), readFileSync(join(folder, shards[1])).subarray(0, 5000));
    await expect(embedding(folder)).rejects.toThrow(/00002-of-00002\.bin: damaged PyTorch weights/);
  });

  it('prefers safetensors where both are there', async () => {
    const { folder, whole } = copy();
    cpSync(join(fixture('gpt-neo'), 'model.safetensors'), join(folder, 'model.safetensors'));
    writeTorchZip(join(folder, 'pytorch_model.bin'), whole.slice(0, 1));
    expect(await embedding(folder)).toEqual(await embedding(fixture('gpt-neo')));
  });
});
