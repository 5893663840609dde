import type { InputHealth } from '../core/health.js';
import { rank, type Ranking, type Run } from '../core/run.js';
import type { RunnerContext } from '../core/runner.js';
import {
  askUbuntuText,
  askUbuntuTexts,
  cqaDupStackDepth,
  recordOf,
  sciDocsRelations,
  twitterParts,
  type CqaDupStackTask,
  type SciDocsTask,
  type UsebNormalization,
  type UsebScores,
  type UsebTask,
} from '../core/useb.js';
import { embed, gather, viewInputs, viewMakers, type Embedded, type Shard, type StoredEncoder } from './embedding.js';
import { searchView } from './search-view.js';
import { cosine, dot, negativeDistance, negativeDistanceOfDirections } from './similarity.js';
import { textSequence, textStyle } from './task-texts.js';
import { timed } from './timing.js';

interface ViewScores {
  readonly scores: UsebScores;
  readonly seconds: Readonly<Record<string, number>>;
  readonly health: InputHealth;
}

export interface ScoresByView {
  readonly views: readonly ViewScores[];
  /** Number of texts that were encoded, not found in the store. */
  readonly computed: number;
}

/**
 * Compares the texts of a USEB task by their embeddings, for each view of the encoder.
 * @param options normalization, and threads of the search in CQADupStack
 */
export function scoreUseb(
  stored: StoredEncoder,
  task: UsebTask,
  options: { readonly normalize: UsebNormalization; readonly threads: number },
  context: RunnerContext,
): Promise<ScoresByView> {
  return task.dataset === 'cqadupstack'
    ? scoreForums(stored, task, options, context)
    : scoreTexts(stored, task, options.normalize, context);
}

/** The names of the lists of texts that a task needs; see {@link textSequence}. */
export function usebSequences(task: UsebTask): string[] {
  if (task.dataset !== 'cqadupstack') return ['texts'];
  return task.forums.flatMap(({ name }) => [`${name}/queries`, `${name}/pool`]);
}

/** Scores the tasks with given pairs; each distinct text is encoded once. */
async function scoreTexts(
  stored: StoredEncoder,
  task: Exclude<UsebTask, CqaDupStackTask>,
  normalize: UsebNormalization,
  context: RunnerContext,
): Promise<ScoresByView> {
  const encoding: Record<string, number> = {};
  const { shards, computed } = await timed(encoding, 'encode', () =>
    embed(stored, textSequence(task, 'texts', textStyle(stored.encoder, context.profile)), context),
  );
  const views: ScoresByView['views'][number][] = [];
  for (const view of stored.encoder.views.keys()) {
    const { ids, vectors } = await gather(stored, shards, view);
    const rows = new Map(ids.map((text, row) => [text, row]));
    const vectorOf: VectorOf = (text) => {
      const row = rows.get(text)!;
      return vectors.data.subarray(row * vectors.columns, (row + 1) * vectors.columns);
    };
    const scores = comparePairs(task, vectorOf, normalize);
    views.push({ scores, seconds: encoding, health: healthOf(shards, view) });
  }
  return { views, computed };
}

function healthOf(shards: readonly Shard[], view: number): InputHealth {
  return { inputs: { texts: viewInputs(shards, view) }, droppedDocuments: 0, makers: viewMakers(shards, view) };
}

type VectorOf = (text: string) => Float32Array;

function comparePairs(
  task: Exclude<UsebTask, CqaDupStackTask>,
  vectorOf: VectorOf,
  normalize: UsebNormalization,
): UsebScores {
  switch (task.dataset) {
    case 'askubuntu': {
      const similarity = normalize === 'none' ? dot : cosine;
      const scores = recordOf(askUbuntuTexts, (text) =>
        task.queries.map(({ id, candidates }) => {
          const query = vectorOf(askUbuntuText(task, id, text));
          return Float32Array.from(candidates, (post) => similarity(query, vectorOf(askUbuntuText(task, post, text))));
        }),
      );
      return { dataset: 'askubuntu', scores };
    }
    case 'twitterpara': {
      const cosines = recordOf(twitterParts, (part) =>
        Float32Array.from(task.pairs[part], ({ texts: [a, b] }) => cosine(vectorOf(a), vectorOf(b))),
      );
      return { dataset: 'twitterpara', cosines };
    }
    case 'scidocs': {
      const closeness = normalize === 'all' ? negativeDistanceOfDirections : negativeDistance;
      const runs = recordOf(sciDocsRelations, (relation) => ({
        euclidean: rankTitles(task, relation, vectorOf, closeness),
        cosine: rankTitles(task, relation, vectorOf, cosine),
      }));
      return { dataset: 'scidocs', runs };
    }
  }
}

function rankTitles(
  { titles, qrels }: SciDocsTask,
  relation: (typeof sciDocsRelations)[number],
  vectorOf: VectorOf,
  similarity: (a: Float32Array, b: Float32Array) => number,
): Run {
  const run = new Map<string, Ranking>();
  for (const [id, grades] of qrels[relation]) {
    const title = titles.get(id);
    if (title === undefined) continue;
    const papers = [...grades.keys()].filter((paper) => titles.has(paper));
    const query = vectorOf(title);
    const scores = papers.map((paper) => similarity(query, vectorOf(titles.get(paper)!)));
    run.set(id, rank(papers, scores));
  }
  return run;
}

/** Scores CQADupStack, forum by forum; its pools may be large, so their vectors are streamed through the search. */
async function scoreForums(
  stored: StoredEncoder,
  task: CqaDupStackTask,
  { normalize, threads }: { readonly normalize: UsebNormalization; readonly threads: number },
  context: RunnerContext,
): Promise<ScoresByView> {
  const similarity = normalize === 'none' ? 'dot' : 'cosine';
  const encoding: Record<string, number> = {};
  const views = stored.encoder.views.map(() => ({ runs: new Map<string, Run>(), searching: {} }));
  const style = textStyle(stored.encoder, context.profile);
  const shards: Shard[] = [];
  let computed = 0;
  for (const forum of task.forums) {
    const embedAll = (list: string): Promise<Embedded> =>
      embed(stored, textSequence(task, `${forum.name}/${list}`, style), context);
    const queries = await timed(encoding, 'encode', () => embedAll('queries'));
    const pool = await timed(encoding, 'encode', () => embedAll('pool'));
    computed += queries.computed + pool.computed;
    shards.push(...queries.shards, ...pool.shards);
    for (const [view, { runs, searching }] of views.entries()) {
      const how = { view, topK: cqaDupStackDepth, threads, similarity } as const;
      const run = await timed(searching, 'search', () => searchView(stored, queries.shards, pool.shards, how, context));
      runs.set(forum.name, run);
    }
  }
  return {
    views: views.map(({ runs, searching }, view) => ({
      scores: { dataset: 'cqadupstack', runs },
      seconds: { ...encoding, ...searching },
      health: healthOf(shards, view),
    })),
    computed,
  };
}
