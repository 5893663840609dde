import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.js';
import { sha256 } from '../io/files.js';
import type { Run } from '../core/run.js';
import type { WorkDescription } from './record.js';

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
