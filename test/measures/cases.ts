import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { rank, type Run } from '../../src/core/run.js';

/** mulberry32: 32 bits of state; tools/goldens/measures/cases.py makes the same numbers and the same cases. */
export class Mulberry32 {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 (included) to 1 (excluded). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }
}

export type Grades = Map<string, Map<string, number>>;
/** Query → document → score (a double, as Python has it), in the order made. */
export type Scores = Map<string, Map<string, number>>;

const marks = ['', 'a', 'B', '_', 'é', 'z', '漢', '\uff5e', '🙂', '-'];

/** See `make_case` in tools/goldens/measures/cases.py: every draw here is a draw there. */
export function makeCase(seed: number, plain = false): { qrels: Grades; scores: Scores } {
  const rng = new Mulberry32(seed);
  const qrels: Grades = new Map();
  const scores: Scores = new Map();
  const queries = 1 + rng.below(3);
  for (let q = 0; q < queries; q++) {
    const query = String(q + 1);
    let pool = 5 + rng.below(40);
    const deep = rng.below(50) === 0;
    if (deep) pool = 1200;
    const ids = Array.from({ length: pool }, (_, i) => {
      const mark = marks[rng.below(plain ? 4 : marks.length)]!;
      const number = i === 3 ? 0 : rng.below(1000);
      return i === 3 ? query : `${mark}${number}d${i}`;
    });
    const kind = rng.below(3);
    const ranking = new Map<string, number>();
    for (let i = 0; i < pool; i++) {
      const [u, v, w] = [rng.next(), rng.next(), rng.next()];
      if (u <= 0.7) ranking.set(ids[i]!, scoreOf(plain ? 'plain' : kind, i, pool, v, w));
    }
    const judged = new Map<string, number>();
    const rich = rng.next() * 0.6;
    for (let i = 0; i < pool; i++) {
      const [u, v] = [rng.next(), rng.next()];
      if (u < (deep ? 0.02 : rich)) judged.set(ids[pool - 1 - i]!, plain ? Math.floor(v * 4) : Math.floor(v * 6) - 2);
    }
    const first = ids[rng.below(pool)]!;
    judged.set(first, plain ? 1 + rng.below(3) : rng.below(3));
    const fate = rng.below(12);
    if (plain && ranking.size === 0) ranking.set(ids[0]!, 1);
    if (fate !== 0 || plain) qrels.set(query, judged);
    if (fate !== 2) scores.set(query, fate === 1 && !plain ? new Map<string, number>() : ranking);
  }
  if (![...scores.keys()].some((query) => qrels.has(query))) {
    qrels.set('9', new Map([['d', 1]]));
    scores.set('9', new Map([['d', 1]]));
  }
  return { qrels, scores };
}

function scoreOf(kind: number | 'plain', i: number, pool: number, v: number, w: number): number {
  if (kind === 'plain') return ((i * 7919) % pool) + 0.25;
  if (kind === 0) return Math.floor(v * 8) - 2;
  if (kind === 1) return v * 100 - 20;
  return Math.floor(v * 10) / 8 + Math.floor(w * 3) * 1e-9;
}

/** The scores as a run in ranking order. */
export function asRun(scores: Scores): Run {
  return new Map(Array.from(scores, ([query, of]) => [query, rank([...of.keys()], [...of.values()])]));
}

/** A golden file of this folder. */
export function golden(name: string): unknown {
  const path = new URL(`goldens/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'));
}
