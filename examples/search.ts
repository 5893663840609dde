/** Exact search by cosine, and BM25 with Lucene's arithmetic, over texts of your own. */
import { Bm25Index, bm25Settings, searchExact } from 'sgpt-bench/search';

const documents = [
  { id: 'a', title: 'Backups', text: 'Copy your files to a second disk every week.' },
  { id: 'b', title: 'Disk space', text: 'Old backups fill the disk; delete the oldest.' },
  { id: 'c', title: 'Passwords', text: 'Use a long password, and no word from a dictionary.' },
];

const index = await Bm25Index.build(documents, bm25Settings('elasticsearch'));
const { ids, scores } = index.search('deleting an old backup', 2);
console.log('BM25:', ids.map((id, i) => `${id} ${scores[i]!.toFixed(3)}`).join(', '));

// Vectors from anywhere: rows of one matrix, with their ids.
const vectors = { rows: 3, columns: 2, data: Float32Array.of(1, 0, 0.8, 0.6, 0, 1) };
const [ranking] = await searchExact({
  queries: { rows: 1, columns: 2, data: Float32Array.of(1, 1) },
  documents: [{ ids: ['a', 'b', 'c'], vectors }],
  topK: 2,
  threads: 1,
  similarity: 'cosine',
});
console.log('cosine:', ranking!.ids.map((id, i) => `${id} ${ranking!.scores[i]!.toFixed(3)}`).join(', '));
