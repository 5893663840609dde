import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const slow = 'test/**/*.slow.test.ts';
const trials = 'test/**/*.trial.test.ts';

/** Tests by how long they take: *.test.ts some tenths of a second each, *.slow.test.ts seconds, *.trial.test.ts longer. */
function project(name: string, include: string, exclude: readonly string[] = []): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [include], exclude: [...exclude] } };
}

export default defineConfig({
  test: {
    globalSetup: ['test/helpers/build.ts'],
    // Model tests run native threads of their own; more test processes than this only makes them wait for each other.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // What is computed once and kept, apart from that of the user.
    env: { SGPT_BENCH_CACHE: join(tmpdir(), 'sgpt-bench-test-cache') },
    projects: [project('fast', 'test/**/*.test.ts', [slow, trials]), project('slow', slow), project('trials', trials)],
  },
});
