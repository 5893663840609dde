import type { Job } from './job.js';
import type { Feed, Feeds } from './messages.js';

/**
 * Combines jobs, in order, into batches of at most `maxTokens` tokens; a job with more tokens is a batch of its own. A
 * batch is one sequence, the texts one after another without padding (encoder-graph.ts, scorer-graph.ts).
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
  // In each output, a text has one row, and a pack one number per target.
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

/** Joins the inputs of several runs: row numbers are shifted, and `texts` is added, the index of each token's text. */
function joinFeeds(all: readonly Feeds[]): Feeds {
  const input = (text: number, name: string): Int32Array | undefined =>
    all[text]![name]?.data as Int32Array | undefined;
  const joined = (part: (text: number) => Iterable<number>): Feed => {
    const data = Int32Array.from(all.flatMap((_, text) => [...part(text)]));
    return { type: 'int32', data, dims: [data.length] };
  };
  const lengths = all.map((_, text) => input(text, 'ids')!.length);
  const ends = runningSums(lengths);
  const common = {
    ids: joined((text) => input(text, 'ids')!),
    positions: joined((text) => input(text, 'positions') ?? input(text, 'ids')!.keys()),
    texts: joined((text) => Array<number>(lengths[text]!).fill(text)),
  };
  if (all[0]!['targets'] === undefined) {
    const starts = all[0]!['starts'] === undefined ? {} : { starts: joined((text) => input(text, 'starts')!) };
    return { ...common, ...starts, lasts: joined((text) => [ends[text]! - 1]) };
  }
  const rowEnds = runningSums(all.map((_, text) => input(text, 'rows')!.length));
  const targets = all.flatMap(({ targets }, text) => {
    const earlierRows = BigInt(rowEnds[text]! - input(text, 'rows')!.length);
    return Array.from(targets!.data as BigInt64Array, (value, i) => (i % 2 === 0 ? value + earlierRows : value));
  });
  return {
    ...common,
    parts: joined((text) => input(text, 'parts')!),
    rows: joined((text) => input(text, 'rows')!.map((row) => row + ends[text]! - lengths[text]!)),
    targets: { type: 'int64', data: BigInt64Array.from(targets), dims: [targets.length / 2, 2] },
  };
}

function runningSums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}
