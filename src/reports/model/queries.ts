import { join } from 'node:path';
import { exists } from '../../io/files.js';
import type { PerQuery } from '../../results/record.js';
import { loadPerQuery, loadScores, type StoredResult } from '../../results/store.js';
import type { NumberedResult, Row } from './model.js';

/** Scores are stored in steps of 1/10,000: the four decimals that are shown. */
export const SCORE_STEPS = 10_000;

/** The queries of a row with every system's scores. All arrays have the same order. */
export interface RowQueries {
  readonly row: string;
  readonly measure: string;
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  /** By column id: one score per query in steps of 1/{@link SCORE_STEPS}; null for a query without a score. */
  readonly scores: Readonly<Record<string, readonly (number | null)[]>>;
}

/** A system's top documents, for each query [document, score, grade]; a document is an index into `documents`. */
export interface SystemTops {
  readonly row: string;
  readonly system: string;
  /** [id, title] of each document. */
  readonly documents: readonly (readonly [string, string])[];
  /** By query, in the order of {@link RowQueries.ids}. */
  readonly tops: readonly (readonly (readonly [number, number, number | null])[])[];
}

/** True if the result's per-query file exists; a folder may hold the record only. */
export function hasPerQuery({ folder, record }: StoredResult): Promise<boolean> {
  return exists(join(folder, record.files.perQuery.name));
}

/**
 * Reads the per-query files of a row's results; null if there are none.
 * @param withTops true: reads the top documents, too
 */
export async function rowQueries(
  row: Row,
  results: readonly NumberedResult[],
  withTops: boolean,
): Promise<{ readonly queries: RowQueries; readonly tops: readonly SystemTops[] } | null> {
  const ids = new Map<string, number>();
  const texts: string[] = [];
  const scores: Record<string, (number | null)[]> = {};
  const tops: SystemTops[] = [];
  for (const result of results) {
    if (!(await hasPerQuery(result))) continue;
    const full = withTops ? await loadPerQuery(result) : null;
    const { measures, queries } = full ?? (await loadScores(result));
    const column = measures.indexOf(row.measure);
    for (const { id, text } of queries) {
      if (ids.has(id)) continue;
      ids.set(id, ids.size);
      texts.push(text);
    }
    const values: (number | null)[] = [];
    for (const { id, values: all } of queries) {
      const value = column < 0 ? null : (all[column] ?? null);
      values[ids.get(id)!] = value === null ? null : Math.round(value * SCORE_STEPS);
    }
    scores[result.system] = values;
    if (full !== null) tops.push({ row: row.id, system: result.system, ...topsOf(full, ids) });
  }
  if (ids.size === 0) return null;
  const filled = Object.entries(scores).map(([system, values]) => [system, texts.map((_, i) => values[i] ?? null)]);
  return {
    queries: {
      row: row.id,
      measure: row.measure,
      ids: [...ids.keys()],
      texts,
      scores: Object.fromEntries(filled) as RowQueries['scores'],
    },
    tops: tops.map((top) => ({ ...top, tops: texts.map((_, i) => top.tops[i] ?? []) })),
  };
}

/** @param ids by query id: its index */
function topsOf({ queries }: PerQuery, ids: ReadonlyMap<string, number>): Pick<SystemTops, 'documents' | 'tops'> {
  const documents = new Map<string, readonly [number, string]>();
  const tops: SystemTops['tops'][number][] = [];
  for (const { id, top } of queries) {
    tops[ids.get(id)!] = top.map((document) => {
      const index = documents.get(document.id)?.[0] ?? documents.size;
      documents.set(document.id, [index, document.title]);
      return [index, Number(document.score.toPrecision(6)), document.grade] as const;
    });
  }
  return { documents: [...documents].map(([id, [, title]]) => [id, title] as const), tops };
}
