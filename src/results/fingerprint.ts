import { createHash } from 'node:crypto';
import { sha256 } from '../io/files.js';
import type { Run } from '../core/run.js';
import type { WorkDescription } from './record.js';

/** JSON with the keys of every object in code point order, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** SHA-256 over what was done: data, system, profile, first stage. Times, machine and versions are not in it. */
export function fingerprintOf(work: WorkDescription): string {
  const { task, system, profile, firstStage, topK } = work;
  return sha256(canonicalJson({ task, system, profile, firstStage, topK }));
}

/** SHA-256 over (query, document) in rank order down to `depth`: all that a re-ranker sees of a run. */
export function candidatesChecksum(run: Run, depth: number): string {
  const hash = createHash('sha256');
  for (const [queryId, { ids }] of run) hash.update(JSON.stringify([queryId, ids.slice(0, depth)]) + '\n');
  return hash.digest('hex');
}
