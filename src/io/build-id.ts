import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The folder of the program's own modules (dist, or src where the sources run), from this file's place in it. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url));

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});
type Package = z.output<typeof packageSchema> & { readonly folder: string };

let known: Promise<string> | undefined;

/**
 * An identity of the program as it runs: a hash of its own modules and of the name and version of every package that it
 * depends on, as installed. Two processes with the same identity, on the same kind of processor, compute the same numbers.
 * @returns 16 hex digits
 */
export function buildId(): Promise<string> {
  known ??= hashOfBuild(ownFolder);
  return known;
}

/** @param folder of the modules; package.json and node_modules are beside it or above */
export async function hashOfBuild(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(js|ts)$/.test(file)).sort();
  for (const file of files) {
    const bytes = await readFile(join(folder, file));
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  for (const version of await installedVersions(join(folder, '..'))) hash.update(`${version}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** `name@version` of every package that the one in a folder depends on, directly or not, sorted. */
async function installedVersions(folder: string): Promise<string[]> {
  const found = new Map<string, Package>();
  const waiting = [await packageIn(folder)];
  for (let next = waiting.pop(); next !== undefined || waiting.length > 0; next = waiting.pop()) {
    if (next === undefined || found.has(next.folder)) continue;
    found.set(next.folder, next);
    const names = [...Object.keys(next.dependencies), ...Object.keys(next.optionalDependencies)];
    waiting.push(...(await Promise.all(names.map((name) => locate(name, next.folder)))));
  }
  return [...new Set(Array.from(found.values(), ({ name, version }) => `${name}@${version}`))].sort();
}

/** The package of this name as Node finds it from a folder; undefined where it is not installed (an optional one). */
async function locate(name: string, from: string): Promise<Package | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = await packageIn(join(folder, 'node_modules', name));
    if (found !== undefined || dirname(folder) === folder) return found;
  }
}

async function packageIn(folder: string): Promise<Package | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = packageSchema.safeParse(JSON.parse(text));
  return parsed.success ? { ...parsed.data, folder } : undefined;
}
