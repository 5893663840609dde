/** A search engine of your own: a `Runner` goes through the same path to measures and records as the built-in ones. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentProgress } from 'sgpt-bench';
import { profileByName, rank } from 'sgpt-bench/measures';
import { runOnTask, type Runner, type SystemInfo } from 'sgpt-bench/runners';
import { closeTask, documentText, openTask } from 'sgpt-bench/tasks';

const system: SystemInfo = {
  name: 'Shared words',
  runner: 'shared-words',
  family: 'Shared words',
  model: null,
  // Every setting that can change a score: the result's fingerprint is made of them.
  settings: { lowerCase: true },
};

const words = (text: string): Set<string> => new Set(text.toLowerCase().match(/\p{L}+/gu));

const runner: Runner = {
  systemsOn: () => [system],
  async run(task, { topK }) {
    if (task.kind !== 'retrieval') throw new Error('this example searches');
    const documents: { readonly id: string; readonly words: ReadonlySet<string> }[] = [];
    for await (const document of task.corpus.documents())
      documents.push({ id: document.id, words: words(documentText(document)) });
    const run = new Map(
      task.queries.map(({ id, text }) => {
        const asked = [...words(text)];
        const scores = documents.map((document) => asked.filter((word) => document.words.has(word)).length);
        return [
          id,
          rank(
            documents.map((document) => document.id),
            scores,
            topK,
          ),
        ] as const;
      }),
    );
    return [{ system, output: { kind: 'ranking', run }, cost: { seconds: {} } }];
  },
  close: () => Promise.resolve(),
};

const output = await mkdtemp(join(tmpdir(), 'sgpt-bench-example-'));
const task = await openTask('demo/computing', { datasetsDir: 'datasets' });
const settings = { measures: ['nDCG@10', 'R@100'], topK: 100, output, overwrite: false };
const context = { profile: profileByName('beir'), progress: silentProgress, command: 'own-runner.ts', threads: 1 };
const [result] = await runOnTask(runner, task, null, settings, context);
await closeTask(task);
console.log(result!.record.measures);
