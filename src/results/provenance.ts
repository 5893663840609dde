import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, platform, arch, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readJson } from '../io/files.js';
import type { Cost } from '../core/system.js';
import type { Provenance } from './record.js';

const packageSchema = z.object({ name: z.string(), version: z.string() });

/** Versions of this program and of the libraries that compute its numbers. */
export async function describeVersions(): Promise<Record<string, string>> {
  const own = await readJson(
    fileURLToPath(new URL('../../package.json', import.meta.url)),
    packageSchema,
    'package.json',
  );
  return {
    'sgpt-bench': own.version,
    node: process.versions.node,
    'onnxruntime-node': await versionOf('onnxruntime-node'),
    '@huggingface/transformers': await versionOf('@xenova/transformers'),
  };
}

/** The provenance of a result that is finished now. */
export async function describeProvenance(command: string, threads: number, cost: Cost): Promise<Provenance> {
  const { seconds, ...counts } = cost;
  return {
    createdAt: new Date().toISOString(),
    command,
    versions: await describeVersions(),
    machine: describeMachine(threads),
    cost: {
      seconds: { ...seconds },
      ...counts,
    },
  };
}

/** The machine that this process runs on. */
export function describeMachine(threads: number): Provenance['machine'] {
  return {
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    threads,
  };
}

/** A dependency's version, read from the package.json above its entry point without loading it. */
async function versionOf(dependency: string): Promise<string> {
  let folder = dirname(createRequire(import.meta.url).resolve(dependency));
  for (; dirname(folder) !== folder; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    const parsed = packageSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data.version;
  }
  return 'unknown';
}
