import type { Client } from '@opensearch-project/opensearch';
import { z } from 'zod';
import type { Document, RetrievalTask } from '../../core/dataset.js';
import { InputError, throwIfInterrupted } from '../../core/errors.js';
import type { RunnerContext } from '../../core/runner.js';
import { sha256 } from '../../io/files.js';
import { batches } from '../ordered-concurrency.js';
import { oneLine, parsed } from './answers.js';

/** Documents per request, as in BEIR (`retrieval/search/lexical`). */
const bulkSize = 500;

/** BEIR's index: two English fields, BM25 with Lucene's k1 1.2 and b 0.75. One shard, as Elasticsearch 7 had by default. */
const english = { type: 'text', analyzer: 'english' } as const;
const indexSettings = {
  settings: { number_of_shards: 1, number_of_replicas: 0 },
  properties: { title: english, text: english },
};

/** The index of the task's data: the existing one if it is complete, else a new one. */
export async function ensureIndex(
  client: Client,
  task: RetrievalTask,
  { progress, signal }: RunnerContext,
): Promise<string> {
  const { checksum } = task.facts;
  const index = `sgpt-bench-${sha256(JSON.stringify([checksum, indexSettings])).slice(0, 32)}`;
  const stage = progress.stage('index on the server', task.corpus.size, 'documents');
  try {
    if (await isFinished(client, index, task.corpus.size)) {
      stage.advance(task.corpus.size);
      return index;
    }
    await client.indices.delete({ index, ignore_unavailable: true });
    const { settings, properties } = indexSettings;
    await client.indices.create({ index, body: { settings, mappings: { properties } } });
    let sent = 0;
    for await (const documents of batches(task.corpus.documents(), bulkSize)) {
      throwIfInterrupted(signal);
      await indexBatch(client, index, documents);
      sent += documents.length;
      stage.advance(documents.length);
    }
    await client.indices.refresh({ index });
    const count = await countOf(client, index);
    if (count !== sent) throw new InputError(`the index has ${count} documents, but ${sent} were sent`);
    await client.indices.putMapping({ index, body: { _meta: { finished: true } } });
    return index;
  } finally {
    stage.end();
  }
}

async function isFinished(client: Client, index: string, size: number): Promise<boolean> {
  if (!(await client.indices.exists({ index })).body) return false;
  const mappings = (await client.indices.getMapping({ index })).body;
  const meta: unknown = mappings[index]?.mappings._meta;
  if (typeof meta !== 'object' || meta === null || !('finished' in meta)) return false;
  return (await countOf(client, index)) === size;
}

async function countOf(client: Client, index: string): Promise<number> {
  return (await client.count({ index })).body.count;
}

const bulkSchema = z.object({
  errors: z.boolean(),
  items: z.array(
    z.object({
      index: z.object({ _id: z.string().nullish(), error: z.object({ reason: z.string().nullish() }).optional() }),
    }),
  ),
});

async function indexBatch(client: Client, index: string, documents: readonly Document[]): Promise<void> {
  const body = documents.flatMap(({ id, title, text }) => [{ index: { _index: index, _id: id } }, { title, text }]);
  const answer = parsed(bulkSchema, (await client.bulk({ body })).body, 'bulk');
  if (!answer.errors && answer.items.length === documents.length) return;
  const failed = answer.items.find((item) => item.index.error !== undefined);
  throw new InputError(
    `the server did not index document "${failed?.index._id ?? documents[0]!.id}" ` +
      `(${oneLine(failed?.index.error?.reason ?? 'no reason given')})`,
  );
}
