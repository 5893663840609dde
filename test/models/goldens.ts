import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../src/core/model.js';

/** The folder of a checkpoint that belongs to the tests. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** What transformers computed for a checkpoint (tools/goldens/models/gpt_neo.py). */
export interface Golden {
  readonly tokens: readonly { text: string; ids: number[] }[];
  readonly hiddenStates: readonly { ids: number[]; states: number[][][] }[];
  readonly embeddings: readonly {
    text: string;
    brackets: 'none' | 'specb';
    role: Role;
    maxTokens: number;
    vectors: Record<string, number[]>;
  }[];
  readonly scores: readonly { prompt: string; document: string; query: string; score: number }[];
}

/** A vector's first values and its length. */
export interface VectorSummary {
  readonly beginning: readonly number[];
  readonly norm: number;
}

/** What transformers computed for the checkpoint of random-gpt-neo.ts (tools/goldens/models/gpt_neo_125m.py). */
export interface LargeGolden {
  readonly sha256: string;
  readonly embeddings: readonly { text: string; vectors: Record<string, VectorSummary> }[];
  readonly scores: readonly { document: string; query: string; score: number }[];
}

/** What transformers computed for the bundled checkpoints (tools/goldens/models/demo.py). */
export interface DemoGolden {
  readonly tokens: Golden['tokens'];
  readonly models: readonly {
    name: string;
    sha256: string;
    embeddings: readonly { text: string; role: Role; vectors: Record<string, VectorSummary> }[];
    scores: LargeGolden['scores'];
  }[];
}

/** Reads the goldens of a name; the caller says what they are. */
export function golden(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`goldens/${name}.json`, import.meta.url), 'utf8'));
}

/** The largest difference of two vectors, as a share of the largest absolute value of the expected one. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const delta = Math.abs(actual[i]! - expected[i]!);
    // Written so that NaN does not pass for a small difference.
    if (!(delta <= difference)) difference = delta;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return scale === 0 ? difference : difference / scale;
}
