import { InputError } from '../../core/errors.js';
import { mean } from '../../measures/statistics.js';
import { parentOf, reportedSplit } from '../../suites/index.js';
import type { CheckCase } from './check-report.js';
import { canonicalJson } from '../../core/canonical-json.js';
import { PUBLISHED_MEASURE, publishedScores, type PublishedRow } from '../../suites/published/index.js';
import { publishedSystems, type PublishedSystem } from '../../suites/published/systems.js';
import type { ResultRecord } from '../record.js';
import { formatDifference, formatScore } from '../score-format.js';

/** The parts of a record that the check needs. */
type ScoredRecord = Pick<ResultRecord, 'task' | 'system' | 'profile' | 'firstStage' | 'measures'>;

/**
 * Compares results with the published scores of the same task and system: one case per published score, and one, skipped,
 * per result without a published score. The twelve forums of CQADupStack are also compared as their mean.
 * @param tolerance largest absolute difference that passes
 * @throws InputError if no result has a published score
 */
export function checkPublished(records: readonly ResultRecord[], tolerance: number): CheckCase[] {
  const cases = [...records, ...meansOfParts(records)].flatMap((record) => casesOf(record, tolerance));
  if (cases.some(({ verdict }) => verdict !== 'skipped')) return cases;
  const reasons = new Map<string, number>();
  for (const { message } of cases) reasons.set(message, (reasons.get(message) ?? 0) + 1);
  const why = Array.from(reasons, ([reason, count]) => `${reason} (${count})`).join('; ');
  throw new InputError(
    `none of the ${records.length} results has a published score to be held against: ${why}; published scores are of BEIR's tasks`,
  );
}

/** True if a published row is of this result's system, under the same conventions. */
export function isPublishedSystem({ system, profile, firstStage }: ScoredRecord, row: PublishedRow): boolean {
  const published = publishedSystems[row.system]?.system;
  if (published === undefined || published === null || !isOfSystem(system, published)) return false;
  return published.profiles.includes(profile) && (published.depth ?? firstStage?.depth) === firstStage?.depth;
}

function isOfSystem({ runner, family, model, settings }: ResultRecord['system'], published: PublishedSystem): boolean {
  const name = model?.id.split('/').at(-1)!.toLowerCase() ?? '';
  return (
    runner === published.runner &&
    (published.models?.includes(name) ?? true) &&
    (published.family ?? family) === family &&
    Object.entries(published.settings ?? {}).every(([key, value]) => settings[key] === value)
  );
}

function casesOf(record: ScoredRecord, tolerance: number): CheckCase[] {
  const { task, system, measures } = record;
  const found = measures[PUBLISHED_MEASURE];
  const about = { task: task.name, system: system.name, measure: PUBLISHED_MEASURE, p: null };
  const skipped = (message: string): CheckCase[] => [
    { ...about, verdict: 'skipped', outcome: 'not published', expected: null, found: found ?? null, message },
  ];
  if (found === undefined) return skipped(`the result does not have ${PUBLISHED_MEASURE}`);
  if (task.queryLimit !== null) return skipped(`only the first ${task.queryLimit} queries were run`);
  const split = reportedSplit(task.name);
  if (task.split !== split) return skipped(`published scores are of the split ${split}, this one is of ${task.split}`);
  const scores = publishedScores(task.name);
  const own = scores.filter(({ row }) => isPublishedSystem(record, row));
  if (own.length === 0)
    return skipped(
      noCounterpart(
        record,
        scores.map(({ row }) => row),
      ),
    );
  return own.map(({ row, score }) => {
    const difference = found - score;
    // Published scores have at most four decimals; 1e-9 allows for floating-point errors of the difference.
    const within = Math.abs(difference) <= tolerance + 1e-9;
    const note = publishedNote(row, task.name);
    return {
      ...about,
      verdict: within ? 'passed' : 'failed',
      outcome: within ? 'reproduced' : difference < 0 ? 'below' : 'above',
      expected: score,
      found,
      message:
        `${formatScore(found)} against ${String(score)} of ${row.system} (${row.source}): ` +
        `${formatDifference(difference)}, tolerance ${tolerance}` +
        (note === undefined ? '' : `; note: ${note}`),
    };
  });
}

/** A remark that explains differences to this row on this task. */
export function publishedNote(row: PublishedRow, task: string): string | undefined {
  const notes = publishedSystems[row.system]?.notes ?? {};
  return Object.entries(notes).find(([name]) => name === '*' || task.endsWith(name))?.[1];
}

function noCounterpart(record: ScoredRecord, rows: readonly PublishedRow[]): string {
  if (rows.length === 0) return 'no published score of this task is known';
  const otherwise = rows.filter(({ system }) => {
    const published = publishedSystems[system]?.system;
    return published !== undefined && published !== null && isOfSystem(record.system, published);
  });
  if (otherwise.length === 0) return 'no published score of this system on this task is known';
  const ways = otherwise.map(({ system }) => {
    const { profiles, depth } = publishedSystems[system]!.system!;
    return `profile ${profiles.join(' or ')}${depth === undefined ? '' : `, depth ${depth}`} (${system})`;
  });
  return `this system's published scores were made otherwise than with profile ${record.profile}: ${ways.join('; ')}`;
}

/** Scores of tasks with parts (CQADupStack's forums): the mean of the rounded scores, for each system that has all parts. */
function meansOfParts(records: readonly ResultRecord[]): ScoredRecord[] {
  const groups = new Map<string, ResultRecord[]>();
  for (const record of records) {
    const parent = parentOf(record.task.name);
    if (parent === undefined) continue;
    const { system, profile, firstStage, task } = record;
    const key = canonicalJson([
      parent.name,
      system.name,
      profile,
      firstStage?.name,
      firstStage?.depth,
      task.split,
      task.queryLimit,
    ]);
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()].flatMap((group) => {
    const values = group.flatMap(({ measures }) => measures[PUBLISHED_MEASURE] ?? []);
    const names = new Set(group.map(({ task }) => task.name));
    const first = group[0]!;
    const { name, parts } = parentOf(first.task.name)!;
    if (names.size !== parts || values.length !== parts) return [];
    return [{ ...first, task: { ...first.task, name }, measures: { [PUBLISHED_MEASURE]: mean(values) } }];
  });
}
