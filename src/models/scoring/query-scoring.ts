import { InputError } from '../../core/errors.js';
import type { PairGroup, WorkOptions } from '../../core/model.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';
import type { Job } from '../runtime/job.js';
import { longestFirst } from '../runtime/longest-first.js';
import { packFeeds, packQueries, sumByQuery, truncatedPairs } from './packing.js';
import type { PairPrompt } from './prompts.js';
import { ScoredPairs } from './scored-pairs.js';
import type { ScorerParts } from './scorer-parts.js';

/**
 * Scores pairs by the query's log-probability: the sum of log P(token | prompt with the document, query so far) over the
 * query's tokens. Context and query are tokenised separately, without special tokens. A query without tokens scores 0, the
 * logarithm of an empty product. Inputs that are too long are truncated by {@link packQueries}.
 */
export async function scoreQueries(
  { pool, tokenizer, prompt, limits }: ScorerParts,
  groups: readonly PairGroup[],
  { signal, onProgress, onCounts }: WorkOptions = {},
): Promise<Float32Array[]> {
  const scored = new ScoredPairs(groups);
  const queryIds = new Map<string, number[]>();
  const idsOf = (query: string): number[] => {
    const cached = queryIds.get(query);
    if (cached !== undefined) return cached;
    const ids = tokenizer.encode(query);
    queryIds.set(query, ids);
    return ids;
  };
  function* jobs(): Generator<Job> {
    for (const index of longestFirst(groups.map(characterCount))) {
      const { document, queries } = groups[index]!;
      const context = contextIds(tokenizer, prompt, document);
      const ids = queries.map(idsOf);
      const packs = packQueries(context, ids, limits);
      scored.countTruncated(truncatedPairs(packs, context, ids));
      const unscored = queries.length - packs.reduce((sum, pack) => sum + pack.queries.length, 0);
      scored.countEmpty(unscored);
      if (unscored > 0) onProgress?.(unscored);
      for (const pack of packs)
        yield {
          feeds: packFeeds(pack),
          done([logProbabilities]) {
            sumByQuery(pack, logProbabilities!).forEach((sum, i) => {
              scored.set(index, pack.queries[i]!.index, sum);
            });
            onProgress?.(pack.queries.length);
          },
        };
    }
  }
  await pool.run(jobs(), signal);
  onCounts?.(scored.counts);
  return scored.scores;
}

/** Token ids of the input before the query. If there are none, the end-of-text token, as in the reference program. */
export function contextIds(tokenizer: Tokenizer, { before, between }: PairPrompt, document: string): number[] {
  const ids = tokenizer.encode(before + document + between);
  if (ids.length > 0) return ids;
  if (tokenizer.endOfText === undefined)
    throw new InputError(
      'an empty document with a prompt without text gives no context to score a query with; use prompt G',
    );
  return [tokenizer.endOfText];
}

/** Number of characters of a group, which is roughly proportional to its work. */
function characterCount({ document, queries }: PairGroup): number {
  return queries.reduce((sum, query) => sum + query.length, document.length);
}
