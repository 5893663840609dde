import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A folder of a checkpoint that belongs to the tests. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** What reference programs computed (tools/goldens/models). */
export interface Golden {
  readonly versions: Readonly<Record<string, string>>;
  readonly tokens: readonly { text: string; ids: number[] }[];
  readonly hiddenStates: readonly { ids: number[]; states: number[][][] }[];
  readonly embeddings: readonly {
    text: string;
    brackets: 'none' | 'specb';
    role: 'query' | 'document';
    maxTokens: number;
    vectors: Record<string, number[]>;
  }[];
  readonly scores: readonly { prompt: string; document: string; query: string; score: number }[];
}

export function golden(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`goldens/${name}.json`, import.meta.url), 'utf8')) as Golden;
}

/** The largest difference of two vectors, as a share of the largest absolute value of the expected one. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const delta = Math.abs(actual[i]! - expected[i]!);
    // NaN must not pass for a small difference.
    difference = delta <= difference ? difference : delta;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference / scale;
}
