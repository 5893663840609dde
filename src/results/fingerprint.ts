import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.js';
import { sha256 } from '../io/files.js';
import type { Run } from '../core/run.js';
import type { WorkDescription } from './record.js';

/** SHA-256 over data, system, profile and first stage; not over times, machine and versions. */
export function fingerprintOf(work: WorkDescription): string {
  const { task, system, profile, firstStage, topK } = work;
  return sha256(canonicalJson({ task, system, profile, firstStage, topK }));
}

/** SHA-256 over (query, document) in rank order down to `depth`: a re-ranker's whole input from a run. */
export function candidatesChecksum(run: Run, depth: number): string {
  const hash = createHash('sha256');
  for (const [queryId, { ids }] of run) hash.update(JSON.stringify([queryId, ids.slice(0, depth)]) + '\n');
  return hash.digest('hex');
}
