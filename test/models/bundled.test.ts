import { readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/models/checkpoint/checkpoint.js';
import type { TensorSource } from '../../src/models/checkpoint/tensors.js';
import { readBaseline } from '../../src/results/check/baseline.js';

const models = join(import.meta.dirname, '../../models/demo');
const sizes = ['170k', '870k', '4m'];
const causal = (size: string): string => join(models, `gpt-neo-${size}`);
const biEncoder = (size: string): string => join(models, `sgpt-${size}-weightedmean-specb-bitfit`);

async function bytesOf({ file, offset, length }: TensorSource): Promise<Buffer> {
  const handle = await open(file);
  try {
    return (await handle.read(Buffer.alloc(length), 0, length, offset)).buffer;
  } finally {
    await handle.close();
  }
}

describe('the bundled checkpoints', () => {
  it.each(sizes)(
    'of %s parameters: the bi-encoder differs from its language model in bias tensors only',
    async (size) => {
      const { tensors: base } = await openCheckpoint(causal(size));
      const { tensors: tuned } = await openCheckpoint(biEncoder(size));
      expect([...tuned.keys()].sort()).toEqual([...base.keys()].sort());
      const changed: string[] = [];
      for (const [name, tensor] of tuned) {
        const same = (await bytesOf(tensor)).equals(await bytesOf(base.get(name)!));
        if (!same) changed.push(name);
      }
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.filter((name) => !name.endsWith('.bias'))).toEqual([]);
    },
  );

  it('are at least four times apart in parameters, and together under 25 MB', async () => {
    const parameters: number[] = [];
    for (const size of sizes) {
      const { tensors } = await openCheckpoint(causal(size));
      parameters.push([...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0));
    }
    for (let i = 1; i < sizes.length; i++) expect(parameters[i]! / parameters[i - 1]!).toBeGreaterThanOrEqual(4);
    const files = readdirSync(models, { recursive: true, encoding: 'utf8' }).map((file) =>
      statSync(join(models, file)),
    );
    const bytes = files.filter((file) => file.isFile()).reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeLessThan(25e6);
  });

  // The baseline is what CI holds the demonstration's results against.
  it.each(['weightedmean', 'mean', 'lasttoken'])('search better the larger they are, by %s', async (pooling) => {
    const { results } = await readBaseline(join(models, '../../results/baseline/demo.json'));
    const scoreOf = (size: string): number => {
      const name = `BE sgpt-${size}-weightedmean-specb-bitfit ${pooling}`;
      return results.find(({ task, system }) => task.name === 'demo/computing' && system.name === name)!.means[
        'nDCG@10'
      ]!;
    };
    const [small, medium, large] = sizes.map(scoreOf);
    expect(medium).toBeGreaterThan(small!);
    expect(large).toBeGreaterThan(medium!);
  });
});
