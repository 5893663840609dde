import { writeFileSync } from 'node:fs';
import { zipOf } from '../datasets/zip-writer.js';
import type { StoredTensor } from './safetensors-writer.js';

/** Writes tensors as torch.save writes a state dictionary, each with a storage of its own. */
export function writeTorchZip(path: string, tensors: readonly StoredTensor[]): void {
  const entries = tensors.map(({ name, shape, values }, i) =>
    Buffer.concat([text(name), ...tensor(String(i), shape, values.length)]),
  );
  const pickle = Buffer.concat([
    Buffer.from('\x80\x02ccollections\nOrderedDict\n)R(', 'latin1'),
    ...entries,
    Buffer.from('u.', 'latin1'),
  ]);
  writeFileSync(
    path,
    zipOf([
      { name: 'archive/data.pkl', data: pickle, stored: true },
      { name: 'archive/byteorder', data: 'little', stored: true },
      ...tensors.map(({ values }, i) => ({
        name: `archive/data/${i}`,
        data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        stored: true,
      })),
    ]),
  );
}

function tensor(key: string, shape: readonly number[], size: number): Buffer[] {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, length) => product * length, 1));
  return [
    Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n((', 'latin1'),
    text('storage'),
    Buffer.from('ctorch\nFloatStorage\n', 'latin1'),
    text(key),
    text('cpu'),
    number(size),
    Buffer.from('tQK\x00(', 'latin1'),
    ...shape.map(number),
    Buffer.from('t(', 'latin1'),
    ...strides.map(number),
    Buffer.from('t\x89ccollections\nOrderedDict\n)RtR', 'latin1'),
  ];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('X'), length, bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write('J', 'latin1');
  bytes.writeInt32LE(value, 1);
  return bytes;
}
