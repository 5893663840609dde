import { z } from 'zod';
import { InputError, unknownName } from '../../core/errors.js';
import { valueText } from '../../core/printable.js';
import { readJson, sha256, writeFileAtomic } from '../../io/files.js';
import { compareCodePoints } from '../../core/text.js';
import { canonicalJson } from '../../core/canonical-json.js';
import type { QueryValues } from '../compare/pairing.js';
import { readableJson } from './readable-json.js';
import { resultRecordSchema, type QueryScores } from '../record.js';
import { newerOf, type StoredResult } from '../store.js';
import type { ScoredResult } from '../verify.js';
import type { DescribedWork } from '../compare/work-difference.js';

/** To be raised when a field changes its meaning or is removed; baselines of another version are refused. */
export const BASELINE_VERSION = 2;

/** Decimals of a baseline's scores: far finer than any drop that matters, and short enough to read. */
const decimals = 6;

/** Gated where recorded, besides the main measure: what a re-ranker or a reader of the whole list would lose. */
const defaultGated = ['R@100'];

const expected = 'a baseline written by "sgpt-bench check --baseline FILE --update"';

const { task, system, profile, firstStage, topK } = resultRecordSchema.shape;

const bodySchema = z.strictObject({
  /** Properties that scores must share to be comparable; the counts of documents and judgements follow from the checksum. */
  task: task.pick({ name: true, split: true, checksum: true, queryLimit: true }),
  system,
  profile,
  firstStage,
  topK,
  versions: z.record(z.string(), z.string()),
  /** The gated measures, the main one first, with the record's means, as in reports. */
  means: z.record(z.string().min(1), z.number()),
  /** Those of them with values per query: the columns of `scores`. Average precision over pairs has none. */
  byQuery: z.array(z.string()),
  /**
   * Query id and a value per measure of `byQuery`, in the data set's order (an object would lose it); null if the system had
   * no ranking.
   */
  scores: z.array(z.tuple([z.string()]).rest(z.number().nullable())),
});

const entrySchema = bodySchema
  .extend({
    /** SHA-256 over the rest of the entry, so that a number changed by hand or by a merge is noticed. */
    digest: z.string(),
  })
  .superRefine((entry, context) => {
    const flaw = flawOf(entry);
    if (flaw !== null) context.addIssue({ code: 'custom', ...flaw });
  });

const baselineSchema = z.strictObject({
  schema: z.literal('sgpt-bench/baseline'),
  version: z.literal(BASELINE_VERSION),
  results: z
    .array(entrySchema)
    .min(1, 'expected at least one result')
    .refine(
      (entries) => new Set(entries.map(entryKey)).size === entries.length,
      'lists a result twice; remove one entry',
    ),
});

/** Scores to compare later results with; small enough to keep beside the code. */
export type Baseline = z.infer<typeof baselineSchema>;
export type BaselineEntry = Baseline['results'][number];

type CheckedResult = ScoredResult<QueryScores>;

/** The identity of a result: task, system and first stage. Settings and hashes may differ between entry and result. */
export function identityOf({
  task,
  system,
  firstStage,
}: Pick<DescribedWork, 'task' | 'system' | 'firstStage'>): string {
  return canonicalJson([task.name, system.runner, system.name, firstStage?.name ?? null, firstStage?.depth ?? null]);
}

/** The identity of an entry in a baseline: that of the result, the data and the conventions. */
function entryKey(work: Pick<DescribedWork, 'task' | 'system' | 'firstStage' | 'profile'>): string {
  const { split, checksum, queryLimit } = work.task;
  return canonicalJson([identityOf(work), split, checksum, queryLimit, work.profile]);
}

/** The measure that an entry is listed under: the record's main one, or the first that was chosen. */
export function mainMeasureOf({ means }: BaselineEntry): string {
  return Object.keys(means)[0]!;
}

/** The baseline entry of a result, with these measures, all of which it has. */
function entryOf({ record, perQuery }: CheckedResult, measures: readonly string[]): BaselineEntry {
  const { system, profile, firstStage, topK, provenance } = record;
  const { name, split, checksum, queryLimit } = record.task;
  const byQuery = measures.filter((measure) => perQuery.measures.includes(measure));
  const columns = byQuery.map((measure) => perQuery.measures.indexOf(measure));
  const queries = byQuery.length === 0 ? [] : perQuery.queries;
  const body = {
    task: { name, split, checksum, queryLimit },
    ...{ system, profile, firstStage, topK, versions: provenance.versions },
    means: Object.fromEntries(measures.map((measure) => [measure, rounded(record.measures[measure]!)])),
    byQuery,
    scores: queries.map(({ id, values }): BaselineEntry['scores'][number] => [
      id,
      ...columns.map((column) => roundedValue(values[column] ?? null)),
    ]),
  };
  return { ...body, digest: digestOf(body) };
}

function digestOf(body: z.infer<typeof bodySchema>): string {
  return sha256(canonicalJson(body));
}

/** The first reason why an entry is not as it was written, and its field. */
function flawOf({ digest, ...body }: BaselineEntry): { path: string[]; message: string } | null {
  const { scores, byQuery, means } = body;
  if (new Set(scores.map(([id]) => id)).size < scores.length)
    return { path: ['scores'], message: 'has a query twice; the file was changed by hand or badly merged' };
  if (scores.some((row) => row.length !== byQuery.length + 1))
    return { path: ['scores'], message: 'has a query with more or fewer values than "byQuery" has measures' };
  if (Object.keys(means).length === 0) return { path: ['means'], message: 'expected at least one gated measure' };
  if (!byQuery.every((measure) => Object.hasOwn(means, measure)))
    return { path: ['byQuery'], message: 'has a measure without a mean' };
  if (digest === digestOf(body)) return null;
  const message =
    'does not follow from the entry, which was changed by hand or badly merged; write it again with --update';
  return { path: ['digest'], message };
}

/**
 * Reduces results to one per entry of a baseline.
 * @param newest true: of several results, take the one whose record was written last, by the time of its file
 * @throws InputError for several results otherwise, and for two that were written at the same time
 */
export async function onePerEntry<Result extends StoredResult>(
  results: readonly Result[],
  newest: boolean,
): Promise<Result[]> {
  const entries = new Map<string, Result>();
  for (const result of results) {
    const key = entryKey(result.record);
    const other = entries.get(key);
    if (other !== undefined && !newest) throw claimedTwice(other, result);
    entries.set(key, other === undefined ? result : await newerOf(other, result));
  }
  return [...entries.values()];
}

/** Which measures of results go into a baseline. */
export interface GatedMeasures {
  /** Chosen for all results; default: what the old baseline gates, or the main measure and R@100. */
  readonly chosen?: readonly string[] | undefined;
  /** The baseline that is replaced. */
  readonly old?: Baseline | undefined;
}

/**
 * A baseline of these results, ordered by task and system, so that equal results give equal bytes.
 * @throws InputError for a chosen measure that no result has
 */
export function baselineOf(results: readonly CheckedResult[], measures: GatedMeasures = {}): Baseline {
  const known = [...new Set(results.flatMap(({ record }) => Object.keys(record.measures)))];
  for (const measure of measures.chosen ?? [])
    if (!known.includes(measure)) throw unknownName('measure of these results', measure, known);
  const entries = results.map((result) => entryOf(result, gatedOf(result, measures)));
  entries.sort((a, b) => compareCodePoints(sortKey(a), sortKey(b)));
  return { schema: 'sgpt-bench/baseline', version: BASELINE_VERSION, results: entries };
}

/** The measures of a result that are gated. A result with none of the chosen ones (a USEB task) is gated by its main one. */
function gatedOf({ record }: CheckedResult, { chosen, old }: GatedMeasures): string[] {
  const before = old?.results.find((entry) => identityOf(entry) === identityOf(record));
  const requested = chosen ?? (before === undefined ? undefined : Object.keys(before.means));
  const has = (measure: string): boolean => Object.hasOwn(record.measures, measure);
  const kept = requested?.filter(has) ?? [];
  if (kept.length > 0) return kept;
  return [...new Set([record.mainMeasure, ...(requested === undefined ? defaultGated.filter(has) : [])])];
}

/** Values rounded as in a baseline, so that an unchanged result has no difference. */
export function roundedValues(values: QueryValues): Map<string, number | null> {
  return new Map(Array.from(values, ([id, value]) => [id, roundedValue(value)]));
}

function roundedValue(value: number | null): number | null {
  return value === null ? null : rounded(value);
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

function claimedTwice(a: StoredResult, b: StoredResult): InputError {
  const { task, system } = a.record;
  return new InputError(
    `two results are of "${system.name}" on ${task.name}: ${a.folder} and ${b.folder}; remove one, or take the one that was ` +
      'written last with --newest',
  );
}

function sortKey(entry: BaselineEntry): string {
  const { task, system, firstStage, profile } = entry;
  return [task.name, system.name, firstStage?.name ?? '', firstStage?.depth ?? '', profile].join('\0');
}

function rounded(value: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
