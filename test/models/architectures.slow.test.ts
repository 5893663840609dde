import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formulaTensors, withCheckpoint, type Shapes } from './formula-checkpoint.js';
import { golden, relativeError } from './goldens.js';
import { hiddenStatesOf, logProbabilitiesOf, openRaw, vectorsOf } from './run-graph.js';

/** What transformers computed for a checkpoint (tools/goldens/models/architectures.py). */
interface ArchitectureGolden {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Shapes;
  readonly inputs: readonly { ids: number[]; rows: number[]; states: number[][][]; pooler?: number[] }[];
  readonly scores: { context: number[]; queries: number[][]; logProbabilities: number[][] } | null;
}

const names = readdirSync(new URL('goldens/architectures', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .sort();
const goldenOf = (name: string): ArchitectureGolden => golden(`architectures/${name}`) as ArchitectureGolden;

/** Relative to a row's largest value: float32 sums in another order were seen to differ by 8e-7. */
const tolerance = 1e-5;

describe.each(names)('%s', (name) => {
  const { config, tensors, inputs, scores } = goldenOf(name);
  const checkpoint = formulaTensors(tensors);

  it('has the hidden states that transformers has', async () => {
    await withCheckpoint(config, checkpoint, async (folder) => {
      const model = await openRaw(folder);
      for (const { ids, rows, states } of inputs) {
        const actual = await hiddenStatesOf(model, ids);
        expect(actual).toHaveLength(states.length);
        states.forEach((state, layer) => {
          rows.forEach((row, i) => {
            expect(relativeError(actual[layer]![row]!, state[i]!)).toBeLessThan(tolerance);
          });
        });
      }
    });
  });

  if (scores !== null)
    it('has the log-probabilities that transformers has', async () => {
      await withCheckpoint(config, checkpoint, async (folder) => {
        const { context, queries, logProbabilities } = scores;
        const actual = await logProbabilitiesOf(await openRaw(folder), context, queries);
        logProbabilities.forEach((expected, query) => {
          expect(relativeError(actual[query]!, expected)).toBeLessThan(tolerance);
        });
      });
    });

  if (inputs[0]!.pooler !== undefined)
    it('has the pooler output that transformers has', async () => {
      await withCheckpoint(config, checkpoint, async (folder) => {
        const model = await openRaw(folder);
        for (const { ids, pooler } of inputs) {
          const vectors = await vectorsOf(model, ids, ['pooler']);
          expect(relativeError(vectors['pooler']!, pooler!)).toBeLessThan(tolerance);
        }
      });
    });

  it('pools every layer in every way, by the formulas, in one pass', async () => {
    await withCheckpoint(config, checkpoint, async (folder) => {
      const model = await openRaw(folder);
      const { ids } = inputs[1]!;
      const states = await hiddenStatesOf(model, ids);
      const vectors = await vectorsOf(model, ids, ['all'], ['all']);
      for (const [view, vector] of Object.entries(vectors)) {
        const [pooling, layer = states.length - 1] = view.split('@');
        if (pooling === 'pooler') continue;
        const expected = pool(pooling!, states, Number(layer));
        expect(relativeError(vector, expected)).toBeLessThan(tolerance);
      }
      const { hiddenSize, outputSize, layers, pooler } = model.architecture;
      const overLayers = hiddenSize === outputSize ? 2 : 0;
      expect(Object.keys(vectors)).toHaveLength(5 * (layers + 1) + overLayers + (pooler === null ? 0 : 1));
    });
  });
});

/** The formulas of pooling.ts, in float64. */
function pool(pooling: string, states: readonly (readonly Float32Array[])[], layer: number): number[] {
  const rows = states[layer]!;
  const average = (vectors: readonly ArrayLike<number>[], weight: (i: number) => number = () => 1): number[] => {
    const total = vectors.reduce((sum, _, i) => sum + weight(i), 0);
    return Array.from(
      vectors[0]!,
      (_, k) => vectors.reduce((sum, vector, i) => sum + weight(i) * vector[k]!, 0) / total,
    );
  };
  switch (pooling) {
    case 'weightedmean':
      return average(rows, (i) => i + 1);
    case 'mean':
      return average(rows);
    case 'lasttoken':
      return [...rows.at(-1)!];
    case 'cls':
      return [...rows[0]!];
    case 'max':
      return Array.from(rows[0]!, (_, k) => Math.max(...rows.map((row) => row[k]!)));
    case 'meanmean':
    case 'lasttokenmean':
      return average(states.map((_, i) => pool(pooling.slice(0, -'mean'.length), states, i)));
    default:
      throw new Error(`no formula for ${pooling}`);
  }
}
