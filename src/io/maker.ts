import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Maker } from '../core/health.js';
import { buildId } from './build-id.js';

const packageSchema = z.object({ name: z.string(), version: z.string() });

let cached: Promise<Maker> | undefined;

/** Describes this process as a maker of numbers; computed once per process. */
export function thisMaker(): Promise<Maker> {
  cached ??= describe();
  return cached;
}

async function describe(): Promise<Maker> {
  const [build, onnxruntime] = await Promise.all([buildId(), dependencyVersion('onnxruntime-node')]);
  return { build, onnxruntime, processor: processorName() };
}

/** The processor's name, as the operating system gives it. */
export function processorName(): string {
  return cpus()[0]?.model.trim() ?? 'unknown';
}

/** A dependency's version, read from the package.json above its entry point without loading it. */
export async function dependencyVersion(dependency: string): Promise<string> {
  let folder = dirname(createRequire(import.meta.url).resolve(dependency));
  for (; dirname(folder) !== folder; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    const parsed = packageSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data.version;
  }
  return 'unknown';
}
