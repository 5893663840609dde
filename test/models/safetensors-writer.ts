import { readFileSync, writeFileSync } from 'node:fs';

/** A tensor of a checkpoint that a test reads, changes and writes again. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The tensors of a small float32 safetensors file. */
export function readTensors(path: string): StoredTensor[] {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, { shape, data_offsets }]) => {
      const data = bytes.buffer.slice(
        bytes.byteOffset + start + data_offsets[0],
        bytes.byteOffset + start + data_offsets[1],
      );
      return { name, shape, values: new Float32Array(data) };
    });
}

/** Writes tensors in float32, or in a type of two bytes whose bits `encode` gives. */
export function writeTensors(
  path: string,
  tensors: readonly StoredTensor[],
  type = 'F32',
  encode?: (value: number) => number,
): void {
  const header: Record<string, unknown> = {};
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    const stored = encode === undefined ? values : Uint16Array.from(values, encode);
    data.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + stored.byteLength] };
    offset += stored.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...data]));
}
