import { open } from 'node:fs/promises';
import { elements, type TensorSource } from '../checkpoint/tensors.js';

/** Largest part of a file that is read at once; Node reads no more than 2 GiB. */
const chunkBytes = 1 << 28;

/** A tensor's numbers in float32, which holds half precision exactly. */
export async function readFloats(tensor: TensorSource): Promise<Float32Array> {
  const bytes = await readBytes(tensor);
  if (tensor.type === 'F32') return new Float32Array(bytes.buffer);
  const bits = new Uint16Array(bytes.buffer);
  const values = new Float32Array(elements(tensor));
  const widened = tensor.type === 'F16' ? halfs() : undefined;
  const asBits = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) {
    if (widened === undefined) asBits[i] = bits[i]! << 16;
    else values[i] = widened[bits[i]!]!;
  }
  return values;
}

async function readBytes({ file, offset, length }: TensorSource): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const handle = await open(file, 'r');
  try {
    for (let at = 0; at < length;) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(chunkBytes, length - at), offset + at);
      if (bytesRead === 0) throw new Error(`${file}: ended ${length - at} bytes early`);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return bytes;
}

let table: Float32Array | undefined;

/** All numbers in half precision, by their bits. */
function halfs(): Float32Array {
  table ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
  return table;
}
