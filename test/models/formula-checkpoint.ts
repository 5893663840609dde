import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash } from './random-gpt-neo.js';
import { writeTensors, type StoredTensor } from './safetensors-writer.js';

export type Shapes = readonly (readonly [name: string, shape: readonly number[]])[];

/**
 * Tensors whose values follow from a formula, the same that tools/goldens/models/architectures.py has: element i of
 * tensor t (both counted from 0) is one of 256 values between -1/4 and 1/4, or around 1 for the weights of norms, by a
 * mix of i and t.
 */
export function formulaTensors(shapes: Shapes): StoredTensor[] {
  return shapes.map(([name, shape], t) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const middle = shape.length === 1 && name.endsWith('weight') ? 1 : 0;
    const seed = Math.imul(t, 0x9e3779b9);
    for (let i = 0; i < values.length; i++) values[i] = middle + ((hash(i + seed) & 255) - 128) / 512;
    return { name, shape, values };
  });
}

/** Runs `use` with a folder that holds config.json and model.safetensors, and removes it. */
export async function withCheckpoint<T>(
  config: object,
  tensors: readonly StoredTensor[],
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const parent = mkdtempSync(join(tmpdir(), 'sgpt-bench-architecture-'));
  const folder = join(parent, 'model');
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    writeTensors(join(folder, 'model.safetensors'), tensors);
    return await use(folder);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
