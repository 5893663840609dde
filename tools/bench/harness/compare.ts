import type { Absent, Contender, Sample } from './contender.js';

/** What was measured of one contender. */
export interface Measured {
  readonly name: string;
  readonly about: string;
  readonly samples: readonly Sample[];
}

/** A job's outcome: the first one measured is what the others are compared with. */
export interface Comparison {
  readonly title: string;
  /** What the input is. */
  readonly input: string;
  /** Amount of work, for rates: e.g. 100000 documents. */
  readonly work: { readonly amount: number; readonly unit: string };
  readonly measured: readonly Measured[];
  readonly absent: readonly Absent[];
  /** What else was seen: agreement of results, loss of a storage format. */
  readonly findings: readonly string[];
}

/** Seconds that a contender works beforehand, uncounted, and once at least: compilers of both languages take their time. */
const warmUpSeconds = 2;

/**
 * Measures contenders in turn, round after round (A B C A B C), so that whatever else the machine does disturbs all of
 * them alike.
 */
export async function inTurn(contenders: readonly Contender[], rounds: number): Promise<Measured[]> {
  for (const contender of contenders) {
    for (let spent = 0; spent < warmUpSeconds;) spent += await measured(contender, ' (not counted)').then(totalOf);
  }
  const samples = contenders.map((): Sample[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) samples[i]!.push(await measured(contender, ''));
  }
  return contenders.map(({ name, about }, i) => ({ name, about, samples: samples[i]! }));
}

async function measured(contender: Contender, remark: string): Promise<Sample> {
  const sample = await contender.measure();
  process.stderr.write(`  ${contender.name}: ${totalOf(sample).toFixed(3)} s${remark}\n`);
  return sample;
}

/** Those that can be measured, and those that cannot. */
export function present(all: readonly (Contender | Absent)[]): { contenders: Contender[]; absent: Absent[] } {
  return {
    contenders: all.filter((one) => 'measure' in one),
    absent: all.filter((one) => 'reason' in one),
  };
}

export function totalOf(sample: Sample): number {
  return Object.values(sample.seconds).reduce((sum, seconds) => sum + seconds, 0);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
