import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/build.ts'],
    // Model tests run native threads of their own; more test processes than this only makes them wait for each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is computed once and kept, apart from that of the user.
    env: { SGPT_BENCH_CACHE: join(tmpdir(), 'sgpt-bench-test-cache') },
  },
});
