import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dist, packagesLoadedBy } from './helpers/imports.js';

const root = join(import.meta.dirname, '..');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { types: string; default: string }>;
};

/** What an import of each path may load at once; the rest is loaded by the call that needs it. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  '.': ['csv-parse', 'p-limit', 'p-retry', 'zod'],
  './tasks': ['csv-parse', 'p-limit', 'p-retry', 'zod'],
  './models': ['csv-parse', 'p-limit', 'p-retry', 'zod'],
  './search': [],
  './runners': ['csv-parse', 'p-limit', 'p-retry', 'zod'],
  './measures': [],
  './results': ['zod'],
  './gate': ['zod'],
  './reports': ['zod'],
};

describe('the library', () => {
  it('has a path for each step', () => {
    expect(Object.keys(exports)).toEqual(Object.keys(allowed));
  });

  it.each(Object.entries(exports))('%s loads only what it needs', (path, { default: file }) => {
    const loaded = packagesLoadedBy(join(root, file)).filter((name) => name !== 'mathjs');
    expect(loaded.filter((name) => !allowed[path]!.includes(name))).toEqual([]);
  });

  it.each(Object.entries(exports))('%s can be imported, with types beside it', async (_, { types, default: file }) => {
    const module = (await import(join(root, file))) as Record<string, unknown>;
    expect(Object.keys(module).length).toBeGreaterThan(1);
    expect(readFileSync(join(root, types), 'utf8')).toContain('export');
  });

  it('loads no model runtime, chart or queue at once', () => {
    const loaded = packagesLoadedBy(join(dist, 'index.js'));
    for (const heavy of ['onnxruntime-node', '@xenova/transformers', 'echarts', 'sharp', 'bullmq', 'ioredis'])
      expect(loaded).not.toContain(heavy);
  });
});
