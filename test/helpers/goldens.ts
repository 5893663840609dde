import { readFileSync } from 'node:fs';

/** A file of expected values, e.g. `golden(import.meta.url, 'porter.json')`: goldens/porter.json beside the test. */
export function golden(testUrl: string, name: string): unknown {
  return JSON.parse(readFileSync(new URL(`goldens/${name}`, testUrl), 'utf8')) as unknown;
}
