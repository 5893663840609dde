/** Reading a corpus: by this project, or line by line with JSON.parse alone (from stdin, which `cat` feeds). */
import { createInterface } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { JsonlCorpus } from '../../../src/datasets/jsonl-corpus.js';

const [work = '', path] = process.argv.slice(2);

switch (work) {
  case 'bare':
    report(await bareParse());
    break;
  case 'readline':
    report(await readline());
    break;
  case 'open': {
    const corpus = await JsonlCorpus.open(path!);
    report(corpus.size);
    await corpus.close();
    break;
  }
  case 'stream': {
    const corpus = await JsonlCorpus.open(path!);
    report(await stream(corpus));
    await corpus.close();
    break;
  }
  default:
    throw new RangeError(`unknown work "${work}"`);
}

function report(documents: number): void {
  process.stdout.write(`${documents}\n`);
}

async function stream(corpus: JsonlCorpus): Promise<number> {
  let documents = 0;
  for await (const { id } of corpus.documents()) if (id !== '') documents++;
  return documents;
}

/** The least that reading such a file in Node can be: blocks cut into lines, each line parsed. */
async function bareParse(): Promise<number> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let documents = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      JSON.parse(line);
      documents++;
    }
  }
  return documents;
}

/** The same with Node's own reader of lines. */
async function readline(): Promise<number> {
  let documents = 0;
  for await (const line of createInterface(process.stdin)) {
    JSON.parse(line);
    documents++;
  }
  return documents;
}
