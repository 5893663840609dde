import type { PairGroup, WorkOptions } from '../../core/model.js';
import { longestFirst } from '../runtime/longest-first.js';
import type { Job } from '../runtime/job.js';
import { packFeeds, packQueries, sumByQuery, truncatedPairs } from './packing.js';
import type { AnswerPrompt } from './prompts.js';
import { ScoredPairs } from './scored-pairs.js';
import type { ScorerParts } from './scorer-parts.js';

/**
 * Scores pairs by the answer to a question about them: log P(yes) given that the answer is yes or no, that is log
 * (P(yes) / (P(yes) + P(no))), like SGPT's GPTYesRanker with a vocabulary of two tokens. The probability of an answer
 * of several tokens is the product of theirs. Inputs that are too long are truncated by {@link packQueries}.
 */
export async function scoreAnswers(
  { pool, tokenizer, prompt, limits }: ScorerParts<AnswerPrompt>,
  groups: readonly PairGroup[],
  { signal, onProgress, onCounts }: WorkOptions = {},
): Promise<Float32Array[]> {
  const { before, between, after } = prompt;
  const answers = prompt.answers.map((answer) => tokenizer.encode(answer));
  const pairs = groups.flatMap(({ document, queries }, group) =>
    queries.map((query, i) => ({ document, query, group, i })),
  );
  const scored = new ScoredPairs(groups);
  function* jobs(): Generator<Job> {
    for (const index of longestFirst(pairs.map(({ document, query }) => document.length + query.length))) {
      const { document, query, group, i } = pairs[index]!;
      const context = tokenizer.encode(before + document + between + query + after);
      const packs = packQueries(context, answers, limits);
      if (query === '') scored.countEmpty(1);
      if (truncatedPairs(packs, context, answers) > 0) scored.countTruncated(1);
      const answerLogs = [NaN, NaN];
      let remaining = packs.length;
      for (const pack of packs)
        yield {
          feeds: packFeeds(pack),
          done([logProbabilities]) {
            sumByQuery(pack, logProbabilities!).forEach((sum, q) => (answerLogs[pack.queries[q]!.index] = sum));
            if (--remaining > 0) return;
            const [yes, no] = answerLogs as [number, number];
            scored.set(group, i, -softplus(no - yes));
            onProgress?.(1);
          },
        };
    }
  }
  await pool.run(jobs(), signal);
  onCounts?.(scored.counts);
  return scored.scores;
}

/** log (1 + eˣ), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
