import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maxTokens, writeRandomModel } from './data/random-model.js';
import { textSource, writeCorpus } from './data/texts.js';
import { spread } from './encode.js';
import { inTurn, median, present, totalOf, type Comparison, type Measured } from './harness/compare.js';
import type { Sample } from './harness/contender.js';
import { startOwn } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';

/** Shards of a run; smaller ones than usual, so that more time goes into writing them. */
const shards = 4;

/** What a run does besides the model: reads a corpus, tokenises, writes shards. Held against the model alone, round by round. */
export async function benchOverhead({ size, folder, threads, rounds }: JobOptions): Promise<Comparison[]> {
  const count = size === 'full' ? 512 : 64;
  const model = join(folder, 'model');
  const task = join(folder, 'task');
  await writeRandomModel(model);
  const source = await textSource();
  await mkdir(join(task, 'qrels'), { recursive: true });
  await writeCorpus(join(task, 'corpus.jsonl'), spread(source.documents, count));
  await writeFile(join(task, 'queries.jsonl'), '{"_id": "q", "text": "any"}\n');
  await writeFile(join(task, 'qrels/test.tsv'), 'query-id\tcorpus-id\tscore\nq\t0\t1\n');
  const common = { model, task, maxTokens, threads, shard: Math.ceil(count / shards) };
  const { contenders, absent } = present([
    await startOwn('whole', 'overhead', { ...common, modelAlone: false }),
    await startOwn('model alone', 'overhead', { ...common, modelAlone: true }),
  ]);
  const measured = await inTurn(contenders, rounds);
  for (const contender of contenders) await contender.close();
  return [
    {
      title: `What a run adds to its model, ${count} documents with 125M parameters`,
      input: `corpus.jsonl with documents of ${source.name}, ${maxTokens} tokens at most, to ${shards} shards on disk; or the tokens alone, through the same workers`,
      work: { amount: count, unit: 'documents' },
      measured,
      absent,
      findings: [
        `reading, tokenising and writing add ${added(measured, totalOf)} by the clock, ${added(measured, ({ cpu }) => cpu ?? NaN)} by processor time (medians of the rounds)`,
      ],
    },
  ];
}

/** The first's share beyond the second's, paired by round. */
function added([whole, alone]: readonly Measured[], of: (sample: Sample) => number): string {
  const shares = whole!.samples.map((sample, round) => of(sample) / of(alone!.samples[round]!) - 1);
  return `${(100 * median(shares)).toFixed(1)} %`;
}
