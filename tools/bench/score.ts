import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PairGroup } from '../../src/core/model.js';
import { pythonStrip } from '../../src/core/text.js';
import { packFeeds, packQueries } from '../../src/models/scoring/packing.js';
import { parsePrompt } from '../../src/models/scoring/prompts.js';
import { openTokenizer, type Tokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { textSource } from './data/texts.js';
import { scoreOperations, shape, writeRandomModel } from './data/random-model.js';
import { readFloats, spread } from './encode.js';
import { inTurn, present, type Comparison, type Measured } from './harness/compare.js';
import { startOwn, startPeer } from './harness/contender.js';
import { floorShare, speedOver } from './harness/floor.js';
import type { JobOptions } from './harness/job.js';
import { rooflineOperations, rooflineSize } from './roofline.js';

/** Scoring pairs with a model of 125M shape against the floor and the paper's loop, with many queries per document, and with one. */
export async function benchScore(options: JobOptions): Promise<Comparison[]> {
  const model = join(options.folder, 'model');
  await writeRandomModel(model);
  const few = options.size === 'full' ? 1 : 0.25;
  return [await scoreWith(model, 6, 64 * few, options), await scoreWith(model, 1, 192 * few, options)];
}

async function scoreWith(
  model: string,
  queries: number,
  documents: number,
  { folder, threads, rounds }: JobOptions,
): Promise<Comparison> {
  const path = (name: string): string => join(folder, name);
  const source = await textSource();
  const asked = spread(source.queries, documents * queries);
  const groups = spread(source.documents, documents).map(({ title, text }, i) => ({
    document: pythonStrip(`${title} ${text}`),
    queries: asked.slice(i * queries, (i + 1) * queries),
  }));
  await writeFile(path('groups.json'), JSON.stringify(groups));
  const common = { model, groups: path('groups.json'), threads };
  const { contenders, absent } = present([
    await startOwn('sgpt-bench', 'score', { ...common, dtype: 'fp32', results: path('fp32') }),
    await startOwn('sgpt-bench int8', 'score', { ...common, dtype: 'int8', results: path('int8') }),
    await startPeer("the paper's loop", 'score', { ...common, results: path('peer') }),
    await startOwn('one matrix product', 'roofline', { threads, size: rooflineSize }),
  ]);
  const measured = await inTurn(contenders, rounds);
  for (const contender of contenders) await contender.close();
  const of = (name: string): Measured => measured.find((one) => one.name === name)!;
  const [own, int8, roofline] = ['sgpt-bench', 'sgpt-bench int8', 'one matrix product'].map(of);
  const operations = operationsOf(groups, await openTokenizer(model));
  const findings = [
    floorShare(own!, operations, roofline!, rooflineOperations),
    speedOver(int8!, own!),
    `int8's scores: ${await closeness(path('fp32'), path('int8'))}`,
  ];
  if (absent.length === 0)
    findings.push(
      speedOver(own!, of("the paper's loop")),
      `the loop's scores: ${await closeness(path('fp32'), path('peer'))}`,
    );
  const pairs = documents * queries;
  return {
    title: `Score ${pairs} pairs with 125M parameters, ${queries} ${queries === 1 ? 'query' : 'queries'} a document`,
    input: `${documents} documents and ${pairs} queries of ${source.name}, prompt G, random weights`,
    work: { amount: pairs, unit: 'pairs' },
    measured,
    absent,
    findings,
  };
}

/** As this project lays the pairs out: what the paper's loop does besides is not counted. */
function operationsOf(groups: readonly PairGroup[], tokenizer: Tokenizer): number {
  const { before, between } = parsePrompt('G');
  const instructionTokens = tokenizer.encode(before).length;
  const limits = { maxTokens: shape.positions, instructionTokens, maxQueryTokens: 256 };
  let sum = 0;
  for (const { document, queries } of groups) {
    const context = tokenizer.encode(before + document + between);
    for (const pack of packQueries(
      context,
      queries.map((query) => tokenizer.encode(query)),
      limits,
    )) {
      const { ids, rows } = packFeeds(pack);
      sum += scoreOperations(ids!.data.length, rows!.data.length);
    }
  }
  return sum;
}

async function closeness(ownPath: string, otherPath: string): Promise<string> {
  const [own, other] = [await readFloats(ownPath), await readFloats(otherPath)];
  const furthest = own.reduce((most, score, i) => Math.max(most, Math.abs(other[i]! / score - 1)), 0);
  return `differ from the float32 ones by at most ${furthest.toExponential(1)} (relative)`;
}
