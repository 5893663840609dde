import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn, type Comparison } from './harness/compare.js';
import { benchFile, command, ownProgram, python, withPackage, type Contender } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';
import { documentsFrom, textSource, writeCorpus } from './data/texts.js';

/** Words of a document, on average: MS MARCO's passages have about as many. */
const words = 55;

/** Reading a corpus beside `cat` with a bare JSON.parse of each line, and beside beir's GenericDataLoader. */
export async function benchLoad({ size, folder, rounds }: JobOptions): Promise<Comparison[]> {
  const documents = size === 'full' ? 1_000_000 : 200_000;
  const corpus = join(folder, 'corpus.jsonl');
  const source = await textSource();
  await writeCorpus(corpus, documentsFrom(source, documents, words));
  const node = `'${process.execPath}' '${ownProgram('load')}'`;
  const own = (name: string, about: string, work: string): Contender =>
    command(name, about, [process.execPath, ownProgram('load'), work, corpus]);
  const all = [
    pipeline('cat, bare JSON.parse', 'nothing checked, nothing kept', `cat '${corpus}' | ${node} bare`),
    pipeline('cat, readline, JSON.parse', "Node's own reader of lines", `cat '${corpus}' | ${node} readline`),
    own('sgpt-bench: open', 'checks every line, hashes the file, indexes ids', 'open'),
    own('sgpt-bench: open, then stream', 'reads the file twice', 'stream'),
    await withPackage('beir GenericDataLoader', 'beir', (about) =>
      command('beir GenericDataLoader', `${about}; keeps the whole corpus in memory`, [
        python,
        benchFile('peers/load.py'),
        folder,
      ]),
    ),
  ];
  const measured = await inTurn(
    all.filter((one) => 'measure' in one),
    rounds,
  );
  for (const { name, samples } of measured)
    if (Number(samples[0]!.output) !== documents) throw new Error(`${name} saw ${samples[0]!.output ?? ''} documents`);
  const bytes = (await stat(corpus)).size;
  return [
    {
      title: `Reading a corpus, ${documents.toLocaleString('en')} documents`,
      input: `${(bytes / 2 ** 20).toFixed(0)} MiB of corpus.jsonl made of phrases of ${source.name}; whole programs, start included`,
      work: { amount: bytes, unit: 'B' },
      measured,
      absent: all.filter((one) => 'reason' in one),
      findings: [],
    },
  ];
}

/** The memory of a shell's children is not known, and the shell's own is of no interest. */
function pipeline(name: string, about: string, script: string): Contender {
  const contender = command(name, about, ['sh', '-c', script]);
  return {
    ...contender,
    async measure() {
      const { seconds, output } = await contender.measure();
      return { seconds, output: output! };
    },
  };
}
