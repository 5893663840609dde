import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pythonStrip } from '../../src/core/text.js';
import { openTokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { textSource } from './data/texts.js';
import { encodeOperations, maxTokens, shape, writeRandomModel } from './data/random-model.js';
import { inTurn, present, type Comparison, type Measured } from './harness/compare.js';
import { startOwn, startPeer } from './harness/contender.js';
import { floorShare, speedOver } from './harness/floor.js';
import type { JobOptions } from './harness/job.js';
import { rooflineOperations, rooflineSize } from './roofline.js';

/** Encoding with a model of 125M shape against the floor and sentence-transformers; and what int8 and more vectors change. */
export async function benchEncode({ size, folder, threads, rounds }: JobOptions): Promise<Comparison[]> {
  const path = (name: string): string => join(folder, name);
  const model = path('model');
  await writeRandomModel(model);
  const source = await textSource();
  const count = size === 'full' ? 512 : 32;
  const texts = spread(source.documents, count).map(({ title, text }) => pythonStrip(`${title} ${text}`));
  await writeFile(path('texts.json'), JSON.stringify(texts));
  const tokenizer = await openTokenizer(model);
  const lengths = texts.map((text) => Math.min(maxTokens, tokenizer.encode(text).length));
  const common = { model, texts: path('texts.json'), maxTokens, threads };
  const { contenders, absent } = present([
    await startOwn('sgpt-bench', 'encode', { ...common, dtype: 'fp32', results: path('fp32') }),
    await startOwn('sgpt-bench int8', 'encode', { ...common, dtype: 'int8', results: path('int8') }),
    await startOwn('sgpt-bench, all poolings and layers', 'encode', {
      ...{ ...common, dtype: 'fp32', results: path('all') },
      ...{ poolings: 'weightedmean,mean,lasttoken,cls,max,meanmean,lasttokenmean', layers: 'all' },
    }),
    await startPeer('sentence-transformers', 'encode', { ...common, results: path('peer') }),
    await startOwn('one matrix product', 'roofline', { threads, size: rooflineSize }),
  ]);
  const measured = await inTurn(contenders, rounds);
  for (const contender of contenders) await contender.close();
  const of = (name: string): Measured => measured.find((one) => one.name === name)!;
  const [own, int8, all, roofline] = [
    'sgpt-bench',
    'sgpt-bench int8',
    'sgpt-bench, all poolings and layers',
    'one matrix product',
  ].map(of);
  const operations = lengths.reduce((sum, tokens) => sum + encodeOperations(tokens), 0);
  const findings = [
    floorShare(own!, operations, roofline!, rooflineOperations),
    speedOver(int8!, own!),
    speedOver(own!, all!),
    `int8's vectors: ${await closeness(path('fp32'), path('int8'))}`,
  ];
  if (absent.length === 0)
    findings.push(
      speedOver(own!, of('sentence-transformers')),
      `sentence-transformers' vectors: ${await closeness(path('fp32'), path('peer'))}`,
    );
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return [
    {
      title: `Encode ${count} texts with 125M parameters`,
      input: `${count} documents of ${source.name}, ${tokens.toLocaleString('en')} tokens in all (${maxTokens} at most), random weights`,
      work: { amount: tokens, unit: 'tokens' },
      measured,
      absent,
      findings,
    },
  ];
}

/** So many of the items, evenly spaced. */
export function spread<T>(items: readonly T[], count: number): T[] {
  return Array.from(
    { length: Math.min(count, items.length) },
    (_, i) => items[Math.floor((i * items.length) / count)]!,
  );
}

async function closeness(ownPath: string, otherPath: string): Promise<string> {
  const [own, other] = [await readFloats(ownPath), await readFloats(otherPath)];
  let lowest = 1;
  for (let start = 0; start < own.length; start += shape.hidden) {
    const [a, b] = [own, other].map((all) => all.subarray(start, start + shape.hidden)) as [Float32Array, Float32Array];
    const product = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    lowest = Math.min(lowest, product / (Math.hypot(...a) * Math.hypot(...b)));
  }
  return `cosines with the float32 ones of at least ${lowest.toFixed(6)}`;
}

export async function readFloats(path: string): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from(await readFile(path)).buffer);
}
