/** Groups a stream into arrays of `size`, the last one shorter. */
export async function* batches<T>(items: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/**
 * Works on at most `inFlight` items of a stream concurrently, and yields the results in the order of the items. After a
 * failure no new work starts, and running work ends first.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  inFlight: number,
  work: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R> {
  const jobs: Promise<R>[] = [];
  let index = 0;
  try {
    for await (const item of items) {
      if (jobs.length === inFlight) yield await jobs.shift()!;
      const job = work(item, index++);
      job.catch(() => undefined); // awaited in its turn; without this, an early failure would be "unhandled"
      jobs.push(job);
    }
    while (jobs.length > 0) yield await jobs.shift()!;
  } finally {
    await Promise.allSettled(jobs);
  }
}

/** Runs a stream to its end and discards its items. */
export async function drain(stream: AsyncGenerator): Promise<void> {
  let done = false;
  while (!done) done = (await stream.next()).done === true;
}
