import type { Job } from './job.js';
import type { Feed, Feeds } from './messages.js';

/**
 * Jobs put together in the order they come, each batch of as many as have so many tokens together, or of a single one
 * that has more. A batch is one sequence, text after text without padding (encoder-graph.ts, scorer-graph.ts).
 */
export function* inBatches(jobs: Iterable<Job>, maxTokens: number): Generator<Job> {
  let batch: Job[] = [];
  let tokens = 0;
  for (const job of jobs) {
    const { length } = job.feeds['ids']!.data;
    if (batch.length > 0 && tokens + length > maxTokens) {
      yield joinJobs(batch);
      batch = [];
      tokens = 0;
    }
    batch.push(job);
    tokens += length;
  }
  if (batch.length > 0) yield joinJobs(batch);
}

function joinJobs(jobs: readonly Job[]): Job {
  // A text has a row of each output, a pack as many numbers as it has targets.
  const rows = jobs.map(({ feeds }) => feeds['targets']?.dims[0] ?? 1);
  const ends = runningSums(rows);
  return {
    feeds: joinFeeds(jobs.map(({ feeds }) => feeds)),
    done(outputs) {
      const widths = outputs.map(({ length }) => length / ends.at(-1)!);
      jobs.forEach((job, j) => {
        const [first, end] = [ends[j]! - rows[j]!, ends[j]!];
        job.done(outputs.map((output, o) => output.subarray(first * widths[o]!, end * widths[o]!)));
      });
    },
  };
}

/** The inputs of single runs as those of one: tokens and rows are counted on, and `texts` says whose each token is. */
function joinFeeds(all: readonly Feeds[]): Feeds {
  const of = (text: number, name: string): Int32Array | undefined => all[text]![name]?.data as Int32Array | undefined;
  const joined = (part: (text: number) => Iterable<number>): Feed => {
    const data = Int32Array.from(all.flatMap((_, text) => [...part(text)]));
    return { type: 'int32', data, dims: [data.length] };
  };
  const lengths = all.map((_, text) => of(text, 'ids')!.length);
  const ends = runningSums(lengths);
  const common = {
    ids: joined((text) => of(text, 'ids')!),
    positions: joined((text) => of(text, 'positions') ?? of(text, 'ids')!.keys()),
    texts: joined((text) => Array<number>(lengths[text]!).fill(text)),
  };
  if (all[0]!['targets'] === undefined) return { ...common, lasts: joined((text) => [ends[text]! - 1]) };
  const rowEnds = runningSums(all.map((_, text) => of(text, 'rows')!.length));
  const targets = all.flatMap(({ targets }, text) => {
    const earlierRows = BigInt(rowEnds[text]! - of(text, 'rows')!.length);
    return Array.from(targets!.data as BigInt64Array, (value, i) => (i % 2 === 0 ? value + earlierRows : value));
  });
  return {
    ...common,
    parts: joined((text) => of(text, 'parts')!),
    rows: joined((text) => of(text, 'rows')!.map((row) => row + ends[text]! - lengths[text]!)),
    targets: { type: 'int64', data: BigInt64Array.from(targets), dims: [targets.length / 2, 2] },
  };
}

function runningSums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}
