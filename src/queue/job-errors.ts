import { InputError } from '../core/errors.js';
import type { StoreBackend } from '../stores/index.js';
import type { ShardJob } from './protocol.js';

/** A shard, for messages: `documents 1 to 1024`. */
export function describePart(part: ShardJob['part']): string {
  if (part.kind === 'pairs') return `the pairs of ${part.candidates.length} documents`;
  return `${part.sequence} ${part.first + 1} to ${part.first + part.count}`;
}

/** The error for a job that failed on every attempt. */
export function failedJob({ task, part }: ShardJob, reason = 'for a reason that Redis has forgotten'): InputError {
  return new InputError(`${task.name}: no worker could compute ${describePart(part)}: ${reason}`);
}

/** The error for a shard that workers have stored, and that does not appear. */
export function notVisible(key: string, { address }: StoreBackend): InputError {
  return new InputError(
    `--store ${address}: workers report that shard ${key} is stored, but it is not visible here; ` +
      'do all machines use the same store under this name?',
  );
}
