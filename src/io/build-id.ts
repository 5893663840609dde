import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The folder of the program's own modules: dist, or src when the sources run. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url));

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});
type Package = z.output<typeof packageSchema> & { readonly folder: string };

let cached: Promise<string> | undefined;

/**
 * Identifies the running build: a hash of the program's own modules and of the name and version of every installed
 * package that it depends on. Equal builds on the same kind of processor compute the same numbers.
 * @returns 16 hex digits; computed once per process
 */
export function buildId(): Promise<string> {
  cached ??= hashOfBuild(ownFolder);
  return cached;
}

/** @param folder of the modules; package.json is in its parent folder, node_modules there or above */
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

/** `name@version` of a folder's package and of all its direct and indirect dependencies, sorted. */
async function installedVersions(folder: string): Promise<string[]> {
  const found = new Map<string, Package>();
  const pending = [await packageIn(folder)];
  for (let next = pending.pop(); next !== undefined || pending.length > 0; next = pending.pop()) {
    if (next === undefined || found.has(next.folder)) continue;
    found.set(next.folder, next);
    const names = [...Object.keys(next.dependencies), ...Object.keys(next.optionalDependencies)];
    pending.push(...(await Promise.all(names.map((name) => locate(name, next.folder)))));
  }
  return [...new Set(Array.from(found.values(), ({ name, version }) => `${name}@${version}`))].sort();
}

/** Finds a package as Node does from a folder; undefined if it is not installed (optional dependencies). */
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
