/** A worker thread of exact search. It opens one search after another, and searches its blocks in order. */
import { answerMessages, type Answer } from '../threads/answer-messages.js';
import { BlockSearcher } from './block-search.js';
import { transferListOf } from './search-block.js';
import type { FromSearchWorker, ToSearchWorker } from './search-messages.js';

let searcher: BlockSearcher | undefined;

answerMessages(async (message: ToSearchWorker): Promise<Answer<FromSearchWorker>> => {
  if (message.kind === 'search') {
    const memory = transferListOf(message.block);
    const result = await searcher!.search(message.block);
    return [{ kind: 'done', memory, result }, memory];
  }
  if (message.kind === 'finish') {
    const found = searcher!.finish();
    return [{ kind: 'finished', found }, found.map(({ entries }) => entries.buffer as ArrayBuffer)];
  }
  searcher = message.kind === 'open' ? await BlockSearcher.open(message.setup, message.bounds) : undefined;
  return [{ kind: 'ready' }];
});
