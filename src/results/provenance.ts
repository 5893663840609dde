import { availableParallelism, platform, arch, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readJson } from '../io/files.js';
import { dependencyVersion, processorName } from '../io/maker.js';
import type { Cost } from '../core/system.js';
import { buildId } from '../io/build-id.js';
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
    'onnxruntime-node': await dependencyVersion('onnxruntime-node'),
    '@huggingface/transformers': await dependencyVersion('@xenova/transformers'),
  };
}

/** The provenance of a result that is finished now. */
export async function describeProvenance(
  { command, threads }: { readonly command: string; readonly threads: number },
  cost: Cost,
  { makers, recheck }: Pick<Provenance, 'makers' | 'recheck'>,
): Promise<Provenance> {
  const { seconds, ...counts } = cost;
  return {
    createdAt: new Date().toISOString(),
    command,
    versions: await describeVersions(),
    build: await buildId(),
    makers,
    recheck,
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
    cpu: processorName(),
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    threads,
  };
}
