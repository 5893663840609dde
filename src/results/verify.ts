import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../core/errors.js';
import { profileByName } from '../core/profile.js';
import { isErrno, sha256OfFile } from '../io/files.js';
import { evaluationOptions } from '../measures/index.js';
import { usebFractionDecimals } from '../measures/useb/index.js';
import { fingerprintOf } from './fingerprint.js';
import type { PerQuery, QueryScores, ResultRecord } from './record.js';
import { DamagedResultError, loadPerQuery, loadResults, loadScores, type StoredResult } from './store.js';
import { isUsebRecord, scoreFlaw } from './verify-scores.js';

/** A stored result with its per-query scores. */
export type ScoredResult<Scores extends QueryScores = PerQuery> = StoredResult & { readonly perQuery: Scores };

/**
 * Reads the per-query scores of a result and checks that record, run and scores are one whole: the fingerprint follows from
 * the work, the conventions from the profile, the files have the recorded hashes, query ids are unique, values are in their
 * measure's range, and every mean follows from them. `check`, `report` and `compare` read results in this way.
 *
 * The values themselves are not computed again: whoever rewrites values, means and hashes together has made another result.
 * @throws DamagedResultError with the first reason why they are not
 */
export async function loadVerified(result: StoredResult): Promise<ScoredResult<QueryScores>> {
  const perQuery = await loadScores(result);
  await requireWhole(result, perQuery);
  return { ...result, perQuery };
}

/** As {@link loadVerified}, with rankings and judgements, which take several times the memory. */
export async function loadVerifiedFully(result: StoredResult): Promise<ScoredResult> {
  const perQuery = await loadPerQuery(result);
  await requireWhole(result, perQuery);
  return { ...result, perQuery };
}

/**
 * All results in a folder, each checked as by {@link loadVerified}.
 * @throws DamagedResultError for the first that is not whole; InputError as {@link loadResults}
 */
export async function loadVerifiedResults(root: string): Promise<StoredResult[]> {
  const results = await loadResults(root);
  for (const result of results) await loadVerified(result);
  return results;
}

/** Results that are whole, and the reasons why the others are not. */
export interface SortedResults {
  readonly whole: readonly ScoredResult<QueryScores>[];
  readonly damaged: readonly DamagedResult[];
}

export type DamagedResult = StoredResult & {
  /** A clause without the folder: `run.trec.gz is missing`. */
  readonly flaw: string;
};

/** As {@link loadVerified}, for many results: damaged ones are returned with their reasons. One is in memory at a time. */
export async function sortResults(results: readonly StoredResult[]): Promise<SortedResults> {
  const whole: ScoredResult<QueryScores>[] = [];
  const damaged: DamagedResult[] = [];
  for (const result of results) {
    try {
      whole.push(await loadVerified(result));
    } catch (error) {
      if (!(error instanceof DamagedResultError)) throw error;
      damaged.push({ ...result, flaw: error.flaw });
    }
  }
  return { whole, damaged };
}

async function requireWhole({ folder, record }: StoredResult, scores: QueryScores): Promise<void> {
  const flaw = recordFlaw(record) ?? (await runFlaw(folder, record)) ?? scoreFlaw(record, scores);
  if (flaw !== null) throw new DamagedResultError(folder, flaw);
}

function recordFlaw(record: ResultRecord): string | null {
  if (fingerprintOf(record) !== record.fingerprint)
    return 'its fingerprint does not follow from its task, system, profile and first stage, so one of them was changed';
  const { average, decimals, identicalIdsRemoved } = record.evaluation;
  if (!isDeepStrictEqual({ average, decimals, identicalIdsRemoved }, conventionsOf(record)))
    return `its evaluation is not that of the profile ${record.profile}`;
  return null;
}

/** The conventions of evaluation that follow from a record's profile, or from USEB's program. */
function conventionsOf(record: ResultRecord): Omit<ResultRecord['evaluation'], 'queriesWithoutRanking'> {
  if (isUsebRecord(record))
    return { average: 'intersection', decimals: usebFractionDecimals, identicalIdsRemoved: false };
  // Under mteb's profile, the task says whether identical ids are removed, and the record is the only witness.
  const { average, decimals, identicalIds } = evaluationOptions(
    profileByName(record.profile),
    record.evaluation.identicalIdsRemoved,
  );
  return { average, decimals, identicalIdsRemoved: identicalIds === 'remove' };
}

async function runFlaw(folder: string, record: ResultRecord): Promise<string | null> {
  const { run } = record.files;
  if (run === null)
    return isUsebRecord(record) ? null : 'it names no run, and every result of a retrieval task has one';
  try {
    const found = await sha256OfFile(join(folder, run.name));
    return found === run.sha256 ? null : `${run.name} is not the file that was written with it (another SHA-256)`;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return `${run.name} is missing`;
    throw new InputError(`${join(folder, run.name)}: cannot be read (${(error as Error).message})`, { cause: error });
  }
}
