import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder for files that can be recreated: $SGPT_BENCH_CACHE, or sgpt-bench in the user's cache folder. */
export function cacheFolder(): string {
  const { SGPT_BENCH_CACHE, XDG_CACHE_HOME } = process.env;
  return SGPT_BENCH_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sgpt-bench');
}
