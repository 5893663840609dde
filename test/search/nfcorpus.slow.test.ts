import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Document } from '../../src/core/dataset.js';
import { Bm25Index, bm25Settings } from '../../src/search/index.js';
import { nfcorpusFolder, nfcorpusMissing } from '../helpers/nfcorpus.js';

/** Measured on the real data set: what other programs publish for it must come out. */
describe.skipIf(nfcorpusMissing !== undefined)(
  `BM25 on NFCorpus${nfcorpusMissing ? ` (${nfcorpusMissing})` : ''}`,
  () => {
    const documents: Document[] = [];
    const queries = new Map<string, string>();
    const qrels = new Map<string, Map<string, number>>();

    beforeAll(async () => {
      const folder = await nfcorpusFolder();
      const lines = async (name: string): Promise<string[]> =>
        (await readFile(join(folder, name), 'utf8')).split('\n').filter((line) => line !== '');
      for (const line of await lines('corpus.jsonl')) {
        const { _id, title, text } = JSON.parse(line) as { _id: string; title: string; text: string };
        documents.push({ id: _id, title, text });
      }
      for (const line of await lines('queries.jsonl')) {
        const { _id, text } = JSON.parse(line) as { _id: string; text: string };
        queries.set(_id, text);
      }
      for (const line of (await lines('qrels/test.tsv')).slice(1)) {
        const [query, document, grade] = line.split('\t') as [string, string, string];
        qrels.set(query, (qrels.get(query) ?? new Map<string, number>()).set(document, Number(grade)));
      }
    });

    /** Means of nDCG@10 over all judged queries, and over those with a hit. */
    function ndcg(index: Bm25Index): { complete: number; found: number; withoutHit: number } {
      const discounted = (grades: number[]): number =>
        grades.reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0);
      let [sum, withoutHit] = [0, 0];
      for (const [query, grades] of qrels) {
        const { ids } = index.search(queries.get(query)!, 1000);
        if (ids.length === 0) withoutHit++;
        const ideal = [...grades.values()].sort((a, b) => b - a).slice(0, 10);
        sum += discounted(ids.slice(0, 10).map((id) => grades.get(id) ?? 0)) / discounted(ideal);
      }
      return { complete: sum / qrels.size, found: sum / (qrels.size - withoutHit), withoutHit };
    }

    test("Anserini's flat: its index statistics and its nDCG@10 of 0.3218", async () => {
      const index = await Bm25Index.build(documents, bm25Settings('anserini-flat'));
      expect(index.statistics.fields.contents).toMatchObject({ documents: 3633, terms: 637485, uniqueTerms: 22111 });
      expect(ndcg(index).complete.toFixed(4)).toBe('0.3218');
    });

    test("Anserini's multifield: its index statistics and its nDCG@10 of 0.3254", async () => {
      const index = await Bm25Index.build(documents, bm25Settings('anserini-multifield'));
      expect(index.statistics.fields.text).toMatchObject({ documents: 3633, terms: 601950, uniqueTerms: 21819 });
      expect(ndcg(index).complete.toFixed(4)).toBe('0.3254');
    });

    test('Elasticsearch: about 0.327 with the queries without a hit as 0, 0.343 without them', async () => {
      const { complete, found, withoutHit } = ndcg(await Bm25Index.build(documents, bm25Settings('elasticsearch')));
      expect(withoutHit).toBe(15);
      expect(complete).toBeCloseTo(0.327, 3);
      expect(found).toBeCloseTo(0.343, 3);
    });
  },
);
