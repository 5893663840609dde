import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { FastRandom } from './random.js';

/** Rows generated and written at a time. */
const stride = 1024;

/** Writes random vectors, about normal, as the float32 numbers alone, row by row. */
export async function writeVectors(path: string, rows: number, columns: number, seed: number): Promise<void> {
  const random = new FastRandom(seed);
  const file = createWriteStream(path);
  for (let row = 0; row < rows; row += stride) {
    const data = new Float32Array(Math.min(stride, rows - row) * columns);
    for (let i = 0; i < data.length; i++) data[i] = random.normal();
    if (!file.write(new Uint8Array(data.buffer))) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}
