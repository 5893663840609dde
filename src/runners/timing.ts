/** Adds the seconds that `work` takes to `seconds[stage]`. */
export async function timed<T>(seconds: Record<string, number>, stage: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    seconds[stage] = (seconds[stage] ?? 0) + (performance.now() - start) / 1000;
  }
}
