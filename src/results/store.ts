import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { z } from 'zod';
import { InputError, messageOf } from '../core/errors.js';
import { exists, isErrno, kindOf, sha256, sha256OfFile, writeFileAtomic } from '../io/files.js';
import { maxUnpackedBytes } from '../io/unpacked-size.js';
import type { Run } from '../core/run.js';
import { fingerprintOf } from './fingerprint.js';
import { writeRun } from './run-file.js';
import { perQuerySchema, RECORD_VERSION, resultRecordSchema, scoresSchema } from './record.js';
import type { NewRecord, PerQuery, QueryScores, ResultRecord, StoredFile, WorkDescription } from './record.js';
import { withoutRankings } from './rankings-cut.js';

const RECORD_FILE = 'record.json';
const RUN_FILE = 'run.trec.gz';
const PER_QUERY_FILE = 'per-query.json.gz';

/** What to do about a damaged result. */
export const repair = 'run the task again';

/** A record, and the folder that holds it and its files. */
export interface StoredResult {
  readonly folder: string;
  readonly record: ResultRecord;
}

/** A stored result that cannot be used: its record, run and scores are not one whole, or of an older version. */
export class DamagedResultError extends InputError {
  /** @param flaw a clause without the folder: `run.trec.gz is missing` */
  constructor(
    folder: string,
    readonly flaw: string,
  ) {
    super(`${folder}: ${flaw}; ${repair}`);
  }
}

/** The folder of a result in the results folder: `TASK/SYSTEM-FINGERPRINT`, with names safe for any file system. */
export function resultFolder(root: string, task: string, systemName: string, fingerprint: string): string {
  return join(root, slug(task), `${slug(systemName)}-${fingerprint.slice(0, 12)}`);
}

/**
 * Writes run, per-query scores and, last, the record with their hashes; so a folder with a record is complete.
 * @param run null if the task has no rankings
 */
export async function saveResult(
  root: string,
  record: NewRecord,
  run: Run | null,
  perQuery: PerQuery,
): Promise<StoredResult> {
  const folder = resultFolder(root, record.task.name, record.system.name, record.fingerprint);
  const files = {
    run: run === null ? null : await saveRun(folder, run, slug(record.system.name)),
    perQuery: await savePerQuery(folder, perQuery),
  };
  const whole = resultRecordSchema.parse({ ...record, files });
  await writeFileAtomic(join(folder, RECORD_FILE), JSON.stringify(whole, null, 2) + '\n');
  return { folder, record: whole };
}

async function saveRun(folder: string, run: Run, tag: string): Promise<StoredFile> {
  const path = join(folder, RUN_FILE);
  await writeRun(path, run, tag);
  return { name: RUN_FILE, sha256: await sha256OfFile(path) };
}

async function savePerQuery(folder: string, perQuery: PerQuery): Promise<StoredFile> {
  const compressed = await promisify(gzip)(JSON.stringify(perQuerySchema.parse(perQuery)), { level: 6 });
  await writeFileAtomic(join(folder, PER_QUERY_FILE), compressed);
  return { name: PER_QUERY_FILE, sha256: sha256(compressed) };
}

/** The stored result of this work in a results folder; undefined if there is none. */
export function findResult(root: string, work: WorkDescription): Promise<StoredResult | undefined> {
  return loadResult(resultFolder(root, work.task.name, work.system.name, fingerprintOf(work)));
}

/** The record in this folder; undefined if there is none. */
export async function loadResult(folder: string): Promise<StoredResult | undefined> {
  const path = join(folder, RECORD_FILE);
  return (await exists(path)) ? { folder, record: await readRecord(path) } : undefined;
}

/**
 * All records in a results folder (or the record of a single result's folder), ordered by path.
 * @throws InputError if the folder is missing or has no record, or a record cannot be read
 */
export async function loadResults(root: string): Promise<StoredResult[]> {
  if ((await kindOf(root)) !== 'folder') {
    throw new InputError(`${root}: there is no such folder; expected results written by "sgpt-bench run"`);
  }
  const entries = await readdir(root, { recursive: true });
  const paths = entries.filter((path) => path === RECORD_FILE || path.endsWith(`/${RECORD_FILE}`)).sort();
  if (paths.length === 0) {
    throw new InputError(`${root}: holds no results (no ${RECORD_FILE} below it); make some with "sgpt-bench run"`);
  }
  return Promise.all(
    paths.map(async (path) => ({ folder: dirname(join(root, path)), record: await readRecord(join(root, path)) })),
  );
}

/**
 * The result whose record was written later, by the time of the file: what a record says of itself can be wrong or edited.
 * @throws InputError if the two times are equal, as after copying or unpacking
 */
export async function newerOf<Result extends StoredResult>(a: Result, b: Result): Promise<Result> {
  const [x, y] = await Promise.all([a, b].map(async ({ folder }) => (await stat(join(folder, RECORD_FILE))).mtimeMs));
  if (x !== y) return x! > y! ? a : b;
  throw new InputError(
    `${a.folder} and ${b.folder} were written at the same time, so neither is the newest; remove one`,
  );
}

/** Reads the per-query file of a result. */
export async function loadPerQuery(result: StoredResult): Promise<PerQuery> {
  return parsePerQuery(result, await readPerQuery(result), perQuerySchema);
}

/**
 * Reads a per-query file without rankings and judgements, which are most of it; takes a fraction of the time and memory.
 */
export async function loadScores(result: StoredResult): Promise<QueryScores> {
  const text = await readPerQuery(result);
  const scores = withoutRankings(text);
  if (scores === null) return parsePerQuery(result, text, perQuerySchema);
  return parsePerQuery(result, scores, scoresSchema);
}

async function readPerQuery({ folder, record }: StoredResult): Promise<Buffer> {
  const { name, sha256: expected } = record.files.perQuery;
  let bytes: Buffer;
  try {
    bytes = await readFile(join(folder, name));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new DamagedResultError(folder, `${name} is missing`);
    throw new InputError(`${join(folder, name)}: cannot be read (${messageOf(error)})`);
  }
  if (sha256(bytes) !== expected)
    throw new DamagedResultError(folder, `${name} is not the file that was written with it (another SHA-256)`);
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxUnpackedBytes(bytes.length) });
  } catch (error) {
    throw new DamagedResultError(folder, `${name} cannot be decompressed (${messageOf(error)})`);
  }
}

function parsePerQuery<T>({ folder, record }: StoredResult, text: Buffer, schema: z.ZodType<T>): T {
  const { name } = record.files.perQuery;
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch (error) {
    throw new DamagedResultError(folder, `${name} is not JSON (${messageOf(error)})`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DamagedResultError(
    folder,
    `${name}: field "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'does not fit'}`,
  );
}

async function readRecord(path: string): Promise<ResultRecord> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new InputError(
      `${path}: is not a readable record (${messageOf(error)}); delete its folder and run the task again`,
    );
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (version !== RECORD_VERSION) {
    const found = typeof version === 'number' ? `version ${version}` : 'no version';
    const flaw = `${RECORD_FILE} has ${found}, and this program reads version ${RECORD_VERSION}`;
    if (typeof version === 'number' && version < RECORD_VERSION) throw new DamagedResultError(dirname(path), flaw);
    throw new InputError(`${dirname(path)}: ${flaw}; use the version of sgpt-bench that wrote it`);
  }
  const result = resultRecordSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InputError(
    `${path}: field "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'does not fit'}; run the task again`,
  );
}

/** A name safe in any path: characters other than letters, digits, dot and hyphen become a single hyphen. */
export function slug(name: string): string {
  const safe = name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return safe === '' ? 'unnamed' : safe.slice(0, 80);
}
