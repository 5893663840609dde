import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipOf } from '../../test/datasets/zip-writer.js';
import { smallModels, writeSmallTask } from '../../test/helpers/small-task.js';
import { readTensors } from '../../test/models/safetensors-writer.js';
import { writeTorchZip } from '../../test/models/torch-writer.js';

const root = join(import.meta.dirname, '../..');
/** The built command line. */
export const program = join(root, 'dist/cli/main.js');

const fixtures = join(root, 'test/models/fixtures');

/** Makes a good example of everything that the program reads; cases change one file of a copy. */
export async function makeWorkspace(folder: string): Promise<void> {
  await writeSmallTask(join(folder, 'task'), 4, 20);
  cpSync(join(root, 'datasets/demo-useb'), join(folder, 'data/useb'), { recursive: true });
  cpSync(smallModels.biEncoder, join(folder, 'model'), { recursive: true });
  makeTables(folder);
  makeModels(folder);
  makeArchive(folder);
  makeResults(folder);
}

/** Judgements, runs, a task file and packed copies, from the small data set. */
function makeTables(folder: string): void {
  const at = (name: string): string => join(folder, name);
  const rows = readFileSync(at('task/qrels/test.tsv'), 'utf8').trimEnd().split('\n').slice(1);
  const judged = rows.map((row) => row.split('\t') as [string, string, string]);
  mkdirSync(at('tables'));
  const run = judged.map(([query, document], i) => `${query} Q0 ${document} 1 ${100 - i} run\n`).join('');
  writeFileSync(at('tables/run.trec'), run);
  writeFileSync(at('tables/run.trec.gz'), gzipSync(run));
  writeFileSync(at('tables/qrels.trec'), judged.map(([q, d, grade]) => `${q} 0 ${d} ${grade}\n`).join(''));
  cpSync(at('task/qrels/test.tsv'), at('tables/qrels.tsv'));
  const ids = [...new Set(judged.map(([query]) => query))];
  const topics = ids.map(
    (id) => `<top>\n<num> Number: ${id}\n<title> a title of it\n<desc> Description:\nmore\n</top>\n`,
  );
  writeFileSync(at('task/topics.txt'), topics.join(''));
  const files = { corpus: 'corpus.jsonl', qrels: { test: 'qrels/test.tsv' } };
  writeFileSync(at('task/task.json'), JSON.stringify({ name: 'small', ...files, queries: 'queries.jsonl' }));
  writeFileSync(at('task/topics.json'), JSON.stringify({ ...files, topics: 'topics.txt', topicField: 'title' }));
  writeFileSync(
    at('task/packed.json'),
    JSON.stringify({ ...files, corpus: 'packed.jsonl.gz', queries: 'queries.jsonl' }),
  );
  writeFileSync(at('task/packed.jsonl.gz'), gzipSync(readFileSync(at('task/corpus.jsonl'))));
}

/** The same weights as PyTorch wrote them and in shards, and a model of sentence-transformers with its modules. */
function makeModels(folder: string): void {
  const weights = join(fixtures, 'gpt-neo/model.safetensors');
  const copy = (name: string): string => {
    for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
      cpSync(join(fixtures, 'gpt-neo', file), join(folder, name, file));
    return join(folder, name);
  };
  writeTorchZip(join(copy('torch'), 'pytorch_model.bin'), readTensors(weights));
  const shard = 'model-00001-of-00001.safetensors';
  cpSync(weights, join(copy('shards'), shard));
  const map = Object.fromEntries(readTensors(weights).map(({ name }) => [name, shard]));
  const index = join(folder, 'shards/model.safetensors.index.json');
  writeFileSync(index, JSON.stringify({ metadata: {}, weight_map: map }));
  cpSync(weights, join(copy('sentence'), 'model.safetensors'));
  cpSync(join(fixtures, 'sentence-transformers/dense'), join(folder, 'sentence'), { recursive: true });
}

/** USEB's archive, for downloads. */
function makeArchive(folder: string): void {
  const names = ['askubuntu/test.txt', 'askubuntu/text_tokenized.txt', 'scidocs/data.json', 'twitterpara/test.data'];
  const data = (name: string): Buffer => readFileSync(join(folder, 'data/useb', name));
  mkdirSync(join(folder, 'server'));
  writeFileSync(join(folder, 'server/data-eval.zip'), zipOf(names.map((name) => ({ name, data: data(name) }))));
}

/** Records, run files, stored vectors and a baseline. */
function makeResults(folder: string): void {
  const how = ['--task', 'task', '--output', 'results', '--threads', '1', '--quiet'];
  for (const args of [
    ['run', ...how, '--runner', 'bm25'],
    ['run', ...how, '--model', 'model', '--max-tokens', '16'],
    ['check', '--baseline', 'baseline.json', '--results', 'results', '--update'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the workspace cannot be made: ${args.join(' ')}: ${stderr}`);
  }
}

/** Copies what a case needs, by the first parts of the paths. */
export function copyParts(from: string, to: string, parts: readonly string[]): void {
  for (const part of parts) {
    mkdirSync(dirname(join(to, part)), { recursive: true });
    cpSync(join(from, part), join(to, part), { recursive: true });
  }
}
