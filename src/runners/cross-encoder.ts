import { InputError } from '../core/errors.js';
import type { PairScorer } from '../core/model.js';
import { rank, type Ranking, type Run } from '../core/run.js';
import type { CandidateRun, Runner, RunnerContext, RunRequest } from '../core/runner.js';
import type { DocumentQueries } from '../core/shards.js';
import { sumInputs, sumMakers, type ShardHealth } from '../core/sum-health.js';
import type { SystemInfo } from '../core/system.js';
import type { Task } from '../core/task.js';
import { askUbuntuTexts, recordOf, type AskUbuntuTask, type UsebScores } from '../core/useb.js';
import { drain } from './ordered-concurrency.js';
import { openPairShard, scoredShards, type StoredScorer } from './pair-shards.js';
import { taskPairs, type TaskPairs } from './task-pairs.js';
import { timed } from './timing.js';
import { usageMeter } from './usage.js';

/**
 * Re-ranks the top documents of a run by a pair score (SGPT-CE). The new run holds only the scored documents, as in the
 * paper. Pairs are grouped by document, so that each document is read once for all its queries. On AskUbuntu the candidates
 * come with the data, and are scored once per kind of text.
 */
export function crossEncoderRunner(stored: StoredScorer): Runner {
  const { scorer } = stored;
  const usageSinceLast = usageMeter(scorer);
  const system = systemOf(scorer);
  return {
    systemsOn: () => [system],
    async run(task, request, context) {
      const seconds: Record<string, number> = {};
      const { output, computed, shards } = await timed(seconds, 'score', async () => {
        if (task.kind === 'useb') {
          const { scores, ...scored } = await scoreAskUbuntu(stored, askUbuntu(task), context);
          return { output: { kind: 'useb', scores } as const, ...scored };
        }
        const { run, ...scored } = await rerank(stored, taskPairs(task, 'documents'), candidatesOf(request), context);
        return { output: { kind: 'ranking', run } as const, ...scored };
      });
      const health = { inputs: { pairs: sumInputs(shards, true) }, droppedDocuments: 0, makers: sumMakers(shards) };
      return [{ system, output, cost: { seconds, pairs: computed, ...usageSinceLast() }, health }];
    },
    async fill(task, request, context) {
      for (const { pairs, candidates } of pairSets(task, request))
        await drain(scoredShards(stored, pairs, candidates, context));
    },
    async openShard(task, part) {
      if (part.kind !== 'pairs')
        throw new InputError(`${task.name}: the job asks a cross-encoder for vectors of texts`);
      return openPairShard(scorer, task, part);
    },
    stored: scorer,
    close: () => scorer.close(),
  };
}

function systemOf({ model, settings }: PairScorer): SystemInfo {
  const prompt = String(settings['prompt'] ?? null);
  return { name: `CE ${model.id} ${prompt}`, runner: 'cross-encoder', family: `CE ${prompt}`, model, settings };
}

function candidatesOf({ candidates }: RunRequest): CandidateRun {
  if (candidates === null) throw new Error('a cross-encoder needs candidates');
  return candidates;
}

function askUbuntu(task: Exclude<Task, { kind: 'retrieval' }>): AskUbuntuTask {
  if (task.dataset === 'askubuntu') return task;
  throw new InputError(`${task.name}: a cross-encoder runs only on AskUbuntu; choose --runner bi-encoder`);
}

/** All pairs to score for a task. */
function pairSets(task: Task, request: RunRequest): { readonly pairs: TaskPairs; readonly candidates: CandidateRun }[] {
  if (task.kind === 'retrieval') return [{ pairs: taskPairs(task, 'documents'), candidates: candidatesOf(request) }];
  const candidates = ownCandidates(askUbuntu(task));
  return askUbuntuTexts.map((text) => ({ pairs: taskPairs(task, text), candidates }));
}

/** AskUbuntu's candidates as a run: distinct ids in the order of the data; the scores only keep that order. */
function ownCandidates({ queries }: AskUbuntuTask): CandidateRun {
  const rankings = queries.map(({ id, candidates }): [string, Ranking] => {
    const ids = [...new Set(candidates)];
    return [id, { ids, scores: Float32Array.from(ids, (_, i) => -i) }];
  });
  const depth = Math.max(...queries.map(({ candidates }) => candidates.length));
  return { name: "USEB's BM25", run: new Map(rankings), depth };
}

async function scoreAskUbuntu(
  stored: StoredScorer,
  task: AskUbuntuTask,
  context: RunnerContext,
): Promise<{ scores: UsebScores } & ScoredWork> {
  const scores = recordOf(askUbuntuTexts, (): Float32Array[] => []);
  const candidates = ownCandidates(task);
  const shards: ShardHealth[] = [];
  let computed = 0;
  for (const text of askUbuntuTexts) {
    const scored = await rerank(stored, taskPairs(task, text), candidates, context);
    scores[text].push(...task.queries.map(({ id, candidates }) => scoresOf(scored.run.get(id)!, candidates)));
    computed += scored.computed;
    shards.push(...scored.shards);
  }
  return { scores: { dataset: 'askubuntu', scores }, computed, shards };
}

function scoresOf({ ids, scores }: Ranking, candidates: readonly string[]): Float32Array {
  const byId = new Map(ids.map((id, i) => [id, scores[i]!]));
  return Float32Array.from(candidates, (id) => byId.get(id)!);
}

/** The work behind scores. */
interface ScoredWork {
  /** Number of pairs scored, not found in the store. */
  readonly computed: number;
  readonly shards: readonly ShardHealth[];
}

async function rerank(
  stored: StoredScorer,
  pairs: TaskPairs,
  candidates: CandidateRun,
  context: RunnerContext,
): Promise<{ run: Run } & ScoredWork> {
  const scored = new Map(pairs.queries.map(({ id }) => [id, { ids: [] as string[], scores: [] as number[] }]));
  const shards: ShardHealth[] = [];
  let computed = 0;
  for await (const shard of scoredShards(stored, pairs, candidates, context)) {
    if (shard.scores === undefined)
      throw new InputError(
        `the stored scores ${shard.key} were damaged or deleted meanwhile; run the same command again to recompute them`,
      );
    computed += shard.computed;
    shards.push(...shard.health);
    collect(scored, shard.candidates, shard.scores);
  }
  const rankings = [...scored].filter(([, { ids }]) => ids.length > 0);
  return {
    run: new Map(rankings.map(([id, { ids, scores }]): [string, Ranking] => [id, rank(ids, scores)])),
    computed,
    shards,
  };
}

function collect(
  scored: ReadonlyMap<string, { ids: string[]; scores: number[] }>,
  batch: readonly DocumentQueries[],
  scores: Float32Array,
): void {
  let next = 0;
  for (const { documentId, queryIds } of batch) {
    for (const queryId of queryIds) {
      const entry = scored.get(queryId)!;
      entry.ids.push(documentId);
      entry.scores.push(scores[next++]!);
    }
  }
}
