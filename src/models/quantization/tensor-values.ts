import { open } from 'node:fs/promises';
import { elements, type TensorSource } from '../checkpoint/tensors.js';

/** Bytes per read; Node reads at most 2 GiB at once. */
const chunkBytes = 1 << 28;

/** Reads a tensor as float32, which represents half precision exactly. */
export async function readFloats(tensor: TensorSource): Promise<Float32Array> {
  const bytes = await readBytes(tensor);
  if (tensor.type === 'F32') return new Float32Array(bytes.buffer);
  const bits = new Uint16Array(bytes.buffer);
  const values = new Float32Array(elements(tensor));
  const widened = tensor.type === 'F16' ? halfPrecisionTable() : undefined;
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

/** Half precision numbers, given by their bits, as float32. */
export function floatsOfHalves(bits: Uint16Array): Float32Array {
  const values = halfPrecisionTable();
  return Float32Array.from(bits, (half) => values[half]!);
}

let table: Float32Array | undefined;

/** The values of all 65,536 half precision numbers, by their bits. */
function halfPrecisionTable(): Float32Array {
  table ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
  return table;
}
