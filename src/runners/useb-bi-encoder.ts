import { InputError } from '../core/errors.js';
import { rank, type Ranking, type Run } from '../core/run.js';
import type { Cost, RunnerContext, SystemInfo } from '../core/runner.js';
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
import { searchView } from './bi-encoder.js';
import { embed, gather, systemOf, type StoredEncoder } from './embedding.js';
import { timed } from './timing.js';
import { usageMeter } from './usage.js';
import { cosine, dot, negativeDistance, negativeDistanceOfDirections } from './similarity.js';

/** What one system says about a USEB task. */
export interface UsebSystemScores {
  readonly system: SystemInfo;
  readonly scores: UsebScores;
  readonly cost: Cost;
}

/** Scores USEB tasks; one runner may yield several systems (poolings and layers of one pass). */
export interface UsebRunner {
  /** The systems it will yield, in order. */
  readonly systems: readonly SystemInfo[];
  score(task: UsebTask, context: RunnerContext): Promise<readonly UsebSystemScores[]>;
  close(): Promise<void>;
}

/**
 * Compares texts by their embeddings. USEB is symmetric: every text is encoded in the role of a query.
 * @param threads for the search in CQADupStack
 */
export function usebBiEncoder(stored: StoredEncoder, normalize: UsebNormalization, threads: number): UsebRunner {
  const { encoder } = stored;
  const systems = encoder.views.map((view) => systemOf(stored, view, { normalize }));
  const used = usageMeter(encoder);
  return {
    systems,
    async score(task, context) {
      const { views, computed } =
        task.dataset === 'cqadupstack'
          ? await scoreForums(stored, task, { normalize, threads }, context)
          : await scoreTexts(stored, task, normalize, context);
      const work = { texts: computed, ...used() };
      return views.map(({ scores, seconds }, view) => ({
        system: systems[view]!,
        scores,
        cost: { seconds, ...work },
      }));
    },
    close: () => encoder.close(),
  };
}

interface ScoresByView {
  readonly views: readonly { readonly scores: UsebScores; readonly seconds: Readonly<Record<string, number>> }[];
  /** Texts that had to be encoded. */
  readonly computed: number;
}

/** The tasks whose pairs are given: each distinct text is encoded once. */
async function scoreTexts(
  stored: StoredEncoder,
  task: Exclude<UsebTask, CqaDupStackTask>,
  normalize: UsebNormalization,
  context: RunnerContext,
): Promise<ScoresByView> {
  const texts = [...new Set(textsOf(task))].map((text) => ({ id: text, text }));
  const encoding: Record<string, number> = {};
  const { shards, computed } = await timed(encoding, 'encode', () =>
    embed(stored, texts, 'query', texts.length, context),
  );
  const views: ScoresByView['views'][number][] = [];
  for (const view of stored.encoder.views.keys()) {
    const { ids, vectors } = await gather(stored, shards, view);
    const bad = vectors.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      const text = ids[Math.floor(bad / vectors.columns)]!;
      throw new InputError(`${task.name}: the vector of "${text.slice(0, 80)}" has a value that is not finite`);
    }
    const rows = new Map(ids.map((text, row) => [text, row]));
    const vectorOf: VectorOf = (text) => {
      const row = rows.get(text)!;
      return vectors.data.subarray(row * vectors.columns, (row + 1) * vectors.columns);
    };
    views.push({ scores: comparePairs(task, vectorOf, normalize), seconds: encoding });
  }
  return { views, computed };
}

function textsOf(task: Exclude<UsebTask, CqaDupStackTask>): string[] {
  switch (task.dataset) {
    case 'askubuntu':
      return askUbuntuTexts.flatMap((text) =>
        task.queries.flatMap(({ id, candidates }) =>
          [id, ...candidates].map((post) => askUbuntuText(task, post, text)),
        ),
      );
    case 'twitterpara':
      return twitterParts.flatMap((part) => task.pairs[part].flatMap(({ texts }) => texts));
    case 'scidocs':
      return sciDocsRelations
        .flatMap((relation) => [...task.qrels[relation]].flatMap(([id, grades]) => [id, ...grades.keys()]))
        .flatMap((id) => task.titles.get(id) ?? []);
  }
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

/** CQADupStack, whose pools may be large: forum by forum, the vectors of a pool streamed through the search. */
async function scoreForums(
  stored: StoredEncoder,
  task: CqaDupStackTask,
  { normalize, threads }: { normalize: UsebNormalization; threads: number },
  context: RunnerContext,
): Promise<ScoresByView> {
  const similarity = normalize === 'none' ? 'dot' : 'cosine';
  const encoding: Record<string, number> = {};
  const views = stored.encoder.views.map(() => ({ runs: new Map<string, Run>(), searching: {} }));
  let computed = 0;
  for (const forum of task.forums) {
    const embedAll = (texts: ReadonlyMap<string, string>): ReturnType<typeof embed> =>
      embed(
        stored,
        [...texts].map(([id, text]) => ({ id, text })),
        'query',
        texts.size,
        context,
      );
    const queries = await timed(encoding, 'encode', () => embedAll(forum.queries));
    const pool = await timed(encoding, 'encode', () => embedAll(forum.pool));
    computed += queries.computed + pool.computed;
    for (const [view, { runs, searching }] of views.entries()) {
      const how = { view, topK: cqaDupStackDepth, threads, similarity } as const;
      const run = await timed(searching, 'search', () => searchView(stored, queries.shards, pool.shards, how, context));
      runs.set(forum.name, run);
    }
  }
  return {
    views: views.map(({ runs, searching }) => ({
      scores: { dataset: 'cqadupstack', runs },
      seconds: { ...encoding, ...searching },
    })),
    computed,
  };
}
