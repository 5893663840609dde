import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FastRandom } from './random.js';

const depth = 1000;
const judged = 100;

/** Writes a TREC run of 1000 documents per query, and qrels of 100 judgements per query, most of them of its documents. */
export async function writeRunAndQrels(runPath: string, qrelsPath: string, queries: number): Promise<void> {
  const random = new FastRandom(5);
  await pipeline(Readable.from(runLines(queries, random)), createWriteStream(runPath));
  await pipeline(Readable.from(qrelsLines(queries, random)), createWriteStream(qrelsPath));
}

function* runLines(queries: number, random: FastRandom): Generator<string> {
  for (let query = 0; query < queries; query++) {
    let text = '';
    let score = 30;
    for (let rank = 1; rank <= depth; rank++) {
      score -= random.below(20_000) / 1e6;
      text += `${query} Q0 doc${documentAt(query, rank)} ${rank} ${score.toFixed(6)} bench\n`;
    }
    yield text;
  }
}

function* qrelsLines(queries: number, random: FastRandom): Generator<string> {
  for (let query = 0; query < queries; query++) {
    const ranks = new Set<number>();
    while (ranks.size < judged) ranks.add(1 + random.below(depth + 50));
    let text = '';
    for (const rank of ranks) text += `${query} 0 doc${documentAt(query, rank)} ${Math.max(0, random.below(5) - 2)}\n`;
    yield text;
  }
}

/** A million documents, each query's in another order: the multiplier has no factor in common with a million. */
function documentAt(query: number, rank: number): number {
  return ((query * 1050 + rank) * 7_368_787) % 1_000_000;
}
