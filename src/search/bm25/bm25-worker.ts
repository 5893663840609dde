/** A BM25 worker thread. It opens one index after another, and answers batches of queries. */
import { answerMessages, type Answer } from '../threads/answer-messages.js';
import type { FromBm25Worker, ToBm25Worker } from './bm25-threads.js';
import { Bm25Scorer } from './scorer.js';

let scorer: Bm25Scorer | undefined;

answerMessages((message: ToBm25Worker): Answer<FromBm25Worker> => {
  if (message.kind !== 'search') {
    scorer = message.kind === 'open' ? new Bm25Scorer(message.index) : undefined;
    return [[]];
  }
  const found = message.queries.map((terms) => scorer!.search(terms, message.topK));
  return [found, found.flatMap(({ scores, numbers }) => [scores.buffer, numbers.buffer])];
});
