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
});
