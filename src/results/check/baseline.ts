import { z } from 'zod';
import { valueText } from '../../core/printable.js';
import { InputError } from '../../core/errors.js';
import { readJson, writeFileAtomic } from '../../io/files.js';
import { compareCodePoints } from '../../core/text.js';
import { canonicalJson } from '../../core/canonical-json.js';
import { valuesOf, type QueryValues, type ScoredResult } from '../compare/pairing.js';
import { readableJson } from './readable-json.js';
import { resultRecordSchema } from '../record.js';
import type { DescribedWork } from '../compare/work-difference.js';

/** To be raised when a field changes its meaning or is removed; baselines of another version are refused. */
export const BASELINE_VERSION = 1;

/** Decimals of a baseline's scores: far finer than any drop that matters, and short enough to read. */
const decimals = 6;

const expected = 'a baseline written by "sgpt-bench check --baseline FILE --update"';

const { task, system, profile, firstStage, topK } = resultRecordSchema.shape;

const entrySchema = z
  .strictObject({
    /** Properties that scores must share to be comparable; the counts of documents and judgements follow from the checksum. */
    task: task.pick({ name: true, split: true, checksum: true, queryLimit: true }),
    system,
    profile,
    firstStage,
    topK,
    versions: z.record(z.string(), z.string()),
    /** The record's main measure when the baseline was written. */
    measure: z.string().min(1),
    /** The record's mean, as in reports. Equals the mean over `scores` except for rounding and macro-averaged tasks. */
    mean: z.number(),
    /**
     * Query id and value, in the data set's order (an object would lose it); null if the system had no ranking. Empty if the
     * measure has no values per query (average precision over pairs).
     */
    scores: z.array(z.tuple([z.string(), z.number().nullable()])),
  })
  .refine(({ scores }) => new Set(scores.map(([id]) => id)).size === scores.length, {
    path: ['scores'],
    error: 'has a query twice; the file was changed by hand or badly merged',
  });

const baselineSchema = z.strictObject({
  schema: z.literal('sgpt-bench/baseline'),
  version: z.literal(BASELINE_VERSION),
  results: z.array(entrySchema).min(1, 'expected at least one result'),
});

/** Scores to compare later results with; small enough to keep beside the code. */
export type Baseline = z.infer<typeof baselineSchema>;
export type BaselineEntry = Baseline['results'][number];

/** The identity of a result: task, system and first stage. Settings and hashes may differ between entry and result. */
export function identityOf({
  task,
  system,
  firstStage,
}: Pick<DescribedWork, 'task' | 'system' | 'firstStage'>): string {
  return canonicalJson([task.name, system.runner, system.name, firstStage?.name ?? null, firstStage?.depth ?? null]);
}

/** The baseline entry of a result. */
export function entryOf({ record, perQuery }: ScoredResult): BaselineEntry {
  const { system, profile, firstStage, topK, provenance, mainMeasure, measures } = record;
  const { name, split, checksum, queryLimit } = record.task;
  const task = { name, split, checksum, queryLimit };
  const scores = [...roundedValues(valuesOf(perQuery, mainMeasure) ?? new Map<string, null>())];
  const { versions } = provenance;
  const mean = rounded(measures[mainMeasure] ?? 0);
  return { task, system, profile, firstStage, topK, versions, measure: mainMeasure, mean, scores };
}

/**
 * Reduces results to one per entry of a baseline.
 * @param newest true: of several results, take the newest
 * @throws InputError for several results otherwise
 */
export function onePerEntry(results: readonly ScoredResult[], newest: boolean): ScoredResult[] {
  const entries = new Map<string, ScoredResult>();
  for (const result of results) {
    const { task, profile } = result.record;
    const key = canonicalJson([identityOf(result.record), task.split, task.checksum, task.queryLimit, profile]);
    const other = entries.get(key);
    if (other !== undefined && !newest) throw claimedTwice(other, result);
    if (other === undefined || madeAt(result) > madeAt(other)) entries.set(key, result);
  }
  return [...entries.values()];
}

/** A baseline of these results, ordered by task and system, so that equal results give equal bytes. */
export function baselineOf(results: readonly ScoredResult[]): Baseline {
  const entries = results.map(entryOf);
  entries.sort((a, b) => compareCodePoints(sortKey(a), sortKey(b)));
  return { schema: 'sgpt-bench/baseline', version: BASELINE_VERSION, results: entries };
}

/** Values rounded as in a baseline, so that an unchanged result has no difference. */
export function roundedValues(values: QueryValues): Map<string, number | null> {
  return new Map(Array.from(values, ([id, value]) => [id, value === null ? null : rounded(value)]));
}

/**
 * Reads a baseline.
 * @throws InputError that names the field, for an invalid file or another schema version
 */
export async function readBaseline(path: string): Promise<Baseline> {
  const version = await baselineVersion(path);
  if (version !== BASELINE_VERSION)
    throw new InputError(
      `${path}: field "version": found ${valueText(version ?? null)}; this program reads baselines of version ${BASELINE_VERSION}; ` +
        `make it again with "sgpt-bench check --baseline ${path} --update"`,
    );
  return readJson(path, baselineSchema, expected);
}

/**
 * Reads only the schema version of a baseline.
 * @throws InputError for a file that is not a baseline
 */
export async function baselineVersion(path: string): Promise<unknown> {
  const anyVersion = z.looseObject({ schema: z.literal('sgpt-bench/baseline'), version: z.unknown().optional() });
  return (await readJson(path, anyVersion, expected)).version;
}

/** Writes a baseline in a layout that gives readable diffs. */
export async function writeBaseline(path: string, baseline: Baseline): Promise<void> {
  await writeFileAtomic(path, readableJson(baselineSchema.parse(baseline)));
}

function madeAt({ record }: ScoredResult): number {
  return Date.parse(record.provenance.createdAt);
}

function claimedTwice(a: ScoredResult, b: ScoredResult): InputError {
  const { task, system } = a.record;
  const folders = [a, b].map(({ folder, record }) => `${folder} (made ${record.provenance.createdAt})`).join(' and ');
  return new InputError(
    `two results are of "${system.name}" on ${task.name}: ${folders}; remove one, or take the newest with --newest`,
  );
}

function sortKey(entry: BaselineEntry): string {
  const { task, system, firstStage, profile } = entry;
  return [task.name, system.name, firstStage?.name ?? '', firstStage?.depth ?? '', profile].join('\0');
}

function rounded(value: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
