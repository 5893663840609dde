import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A file that is changed, and the command that reads it. */
export interface Target {
  /** Path in the workspace. */
  readonly file: string;
  readonly kind: 'json' | 'lines' | 'gzip' | 'binary';
  /** The command line; `SERVER` stands for the address of a server of the folder `server`. */
  readonly command: readonly string[];
  /** Parts of the workspace that the command needs. */
  readonly parts: readonly string[];
}

const quick = ['--threads', '1', '--quiet', '--output', 'out'];
const table = (file: string, kind: Target['kind'], qrels: string, run: string): Target => ({
  ...{ file: `tables/${file}`, kind, parts: ['tables'] },
  command: ['evaluate', `tables/${qrels}`, `tables/${run}`, '--per-query'],
});
const search = (file: string, kind: Target['kind'], task = 'task'): Target => ({
  ...{ file: `task/${file}`, kind, parts: ['task'] },
  command: ['run', '--task', task, '--runner', 'bm25', ...quick],
});
const inspect = (model: string, file: string, kind: Target['kind']): Target => ({
  ...{ file: `${model}/${file}`, kind, parts: [model] },
  command: ['models', 'inspect', model, '--quiet'],
});
const encode = (model: string, file: string, kind: Target['kind']): Target => ({
  ...{ file: `${model}/${file}`, kind, parts: [model, 'task'] },
  command: ['run', '--task', 'task', '--model', model, '--max-tokens', '16', '--workers', '1', ...quick],
});
const verify = (file: string, kind: Target['kind']): Target => ({
  ...{ file: `data/useb/${file}`, kind, parts: ['data'] },
  command: ['datasets', 'verify', 'useb', '--datasets-dir', 'data'],
});

/** Every kind of file that the program reads. Those that start a model take longest, so there are few of them. */
const fixed: readonly Target[] = [
  table('qrels.tsv', 'lines', 'qrels.tsv', 'run.trec'),
  table('qrels.trec', 'lines', 'qrels.trec', 'run.trec'),
  table('run.trec', 'lines', 'qrels.tsv', 'run.trec'),
  table('run.trec.gz', 'gzip', 'qrels.tsv', 'run.trec.gz'),
  search('corpus.jsonl', 'lines'),
  search('queries.jsonl', 'lines'),
  search('qrels/test.tsv', 'lines'),
  search('packed.jsonl.gz', 'gzip', 'task/packed.json'),
  search('task.json', 'json', 'task/task.json'),
  search('topics.txt', 'lines', 'task/topics.json'),
  inspect('model', 'config.json', 'json'),
  inspect('model', 'tokenizer.json', 'json'),
  inspect('model', 'tokenizer_config.json', 'json'),
  inspect('model', 'model.safetensors', 'binary'),
  inspect('shards', 'model.safetensors.index.json', 'json'),
  inspect('torch', 'pytorch_model.bin', 'binary'),
  inspect('sentence', 'modules.json', 'json'),
  inspect('sentence', '1_Pooling/config.json', 'json'),
  inspect('sentence', '2_Dense/config.json', 'json'),
  inspect('sentence', 'sentence_bert_config.json', 'json'),
  inspect('sentence', 'config_sentence_transformers.json', 'json'),
  encode('model', 'config.json', 'json'),
  encode('model', 'tokenizer.json', 'json'),
  encode('torch', 'pytorch_model.bin', 'binary'),
  encode('sentence', '2_Dense/model.safetensors', 'binary'),
  verify('askubuntu/test.txt', 'lines'),
  verify('askubuntu/text_tokenized.txt', 'lines'),
  verify('cqadupstack/retrieval_split.json', 'json'),
  verify('scidocs/data.json', 'json'),
  verify('twitterpara/test.data', 'lines'),
  { file: 'baseline.json', kind: 'json', command: check(), parts: ['baseline.json', 'results'] },
  {
    ...{ file: 'server/data-eval.zip', kind: 'binary', parts: ['server'] },
    command: ['datasets', 'download', 'useb', '--mirror', 'SERVER', '--datasets-dir', 'new', '--quiet'],
  },
];

function check(): string[] {
  return ['check', '--baseline', 'baseline.json', '--results', 'results'];
}

/** The table of targets: the fixed ones, and the files of the workspace's results, whose names are hashes. */
export function targetsOf(workspace: string): readonly Target[] {
  const files = readdirSync(join(workspace, 'results'), { recursive: true, encoding: 'utf8' });
  const first = (pattern: RegExp): string => `results/${files.filter((file) => pattern.test(file)).sort()[0]!}`;
  const [record, perQuery, shard] = [/record\.json$/, /per-query.*\.gz$/, /\.vectors$/].map(first) as [
    string,
    string,
    string,
  ];
  const parts = ['baseline.json', 'results'];
  const again = ['run', '--task', 'task', '--model', 'model', '--max-tokens', '16', '--workers', '1', '--overwrite'];
  return [
    ...fixed,
    { file: record, kind: 'json', command: check(), parts },
    {
      file: record,
      kind: 'json',
      command: ['report', 'results', '--output', 'out', '--format', 'html,md,latex,csv'],
      parts,
    },
    { file: perQuery, kind: 'gzip', command: ['report', 'results', '--output', 'out'], parts },
    { file: perQuery, kind: 'gzip', command: check(), parts },
    { file: shard, kind: 'binary', command: ['merge', 'results', '--output', 'out'], parts },
    {
      ...{ file: shard, kind: 'binary', parts: ['results', 'model', 'task'] },
      command: [...again, '--output', 'results', '--threads', '1', '--quiet'],
    },
  ];
}
