import type { PairGroup, WorkOptions } from '../../core/model.js';
import { longestFirst } from '../runtime/longest-first.js';
import { packFeeds, packQueries, sumByQuery, type PackLimits } from './packing.js';
import type { AnswerPrompt } from './prompts.js';
import type { Job } from '../runtime/job.js';
import type { SessionPool } from '../runtime/pool.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';

/**
 * Scores pairs by the answer to a question about them: log P(yes) where only the two answers are possible, that is
 * log (P(yes) / (P(yes) + P(no))), as SGPT's GPTYesRanker with its vocabulary cut down to two tokens. An answer of several
 * tokens counts with the product of their probabilities. The instruction is kept and the document cut as elsewhere.
 */
export async function scoreAnswers(
  pool: SessionPool,
  tokenizer: Tokenizer,
  prompt: AnswerPrompt,
  limits: PackLimits,
  groups: readonly PairGroup[],
  { signal, onProgress }: WorkOptions = {},
): Promise<Float32Array[]> {
  const { before, between, after } = prompt;
  const answers = prompt.answers.map((answer) => tokenizer.encode(answer));
  const pairs = groups.flatMap(({ document, queries }, group) =>
    queries.map((query, i) => ({ document, query, group, i })),
  );
  const scores = groups.map(({ queries }) => new Float32Array(queries.length));
  function* jobs(): Generator<Job> {
    for (const index of longestFirst(pairs.map(({ document, query }) => document.length + query.length))) {
      const { document, query, group, i } = pairs[index]!;
      const context = tokenizer.encode(before + document + between + query + after);
      const packs = packQueries(context, answers, limits);
      const logs = [NaN, NaN];
      let open = packs.length;
      for (const pack of packs)
        yield {
          feeds: packFeeds(pack),
          done([logProbabilities]) {
            sumByQuery(pack, logProbabilities!).forEach((sum, q) => (logs[pack.queries[q]!.index] = sum));
            if (--open > 0) return;
            const [yes, no] = logs as [number, number];
            scores[group]![i] = -softplus(no - yes);
            onProgress?.(1);
          },
        };
    }
  }
  await pool.run(jobs(), signal);
  return scores;
}

/** log (1 + eˣ), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
