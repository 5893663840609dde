/**
 * A long run: embeds texts of all lengths and says how much memory of their own this process and its workers hold, now and then.
 * `npm run bench -- soak` has it do so with a model of 125M shape; with another one, by hand: `npx tsc -p tools/bench &&
 * node node_modules/.cache/sgpt-bench/tools/bench/own/soak.js MODEL [--texts 20000] [--threads 4] [--dtype fp32]
 * [--max-tokens 300] [--layers all|last]`.
 */
import { parseArgs } from 'node:util';
import { createBiEncoder } from '../../../src/models/index.js';
import { residentMemories } from './worker-time.js';

/** Texts between two looks at the memory: what a run puts into a shard. */
const perPart = 1024;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    texts: { type: 'string', default: '20000' },
    threads: { type: 'string', default: '4' },
    dtype: { type: 'string', default: 'fp32' },
    'max-tokens': { type: 'string', default: '300' },
    layers: { type: 'string', default: 'all' },
  },
});
const [model] = positionals;
if (model === undefined) throw new Error('name a model folder');
const count = Number(values.texts);
const encoder = await createBiEncoder({
  model,
  pooling: ['weightedmean', 'mean'],
  layer: values.layers === 'all' ? ['all'] : [-1],
  maxTokens: Number(values['max-tokens']),
  threads: Number(values.threads),
  dtype: values.dtype === 'int8' ? 'int8' : 'fp32',
});
/** Lengths go up and down, so that no two runs are alike. */
const textOf = (i: number): string => `${i} ${'words and more of them '.repeat((i * 7919) % 60)}`;
for (let done = 0; done < count; done += perPart) {
  const texts = Array.from({ length: Math.min(perPart, count - done) }, (_, i) => textOf(done + i));
  await encoder.encode(texts, 'document');
  const [own, ...workers] = (residentMemories('Anonymous') ?? []).map((size) => size.toFixed(0));
  process.stdout.write(`${done + texts.length} texts\t${own ?? '?'} MiB, workers ${workers.join(' + ')} MiB\n`);
}
await encoder.close();
