import type { RetrievalTask } from '../../src/core/dataset.js';
import { completeSpec } from '../../src/core/system-spec.js';
import type { Coordinator } from '../../src/queue/coordinator.js';

/** What a job names; by default it is nowhere. */
export interface UnmadeShard {
  readonly taskName?: string;
  readonly model?: string;
  /** The shard's key. */
  readonly key?: string;
}

/** Has a shard queued that no worker can compute. */
export function waitForUnmadeShard(
  coordinator: Coordinator,
  { taskName = 'small', model: modelName = 'nowhere', key = 'b'.repeat(64) }: UnmadeShard = {},
): Promise<void> {
  const facts = { checksum: 'a'.repeat(64) };
  const task = { name: 'small', split: 'test', queryLimit: null, facts } as unknown as RetrievalTask;
  const system = completeSpec({ runner: 'bi-encoder', model: modelName });
  const work = coordinator.workOf({ system, taskName, task, profile: 'sgpt-paper' });
  const model = { id: 'm', revision: null, architecture: 'x', parameters: 0, files: {}, dtype: 'fp32' };
  const part = { kind: 'texts', sequence: 'queries', role: 'query', first: 0, count: 4 } as const;
  const made = work.make({ index: 0, keys: [key], part, model, settings: {} }, () => Promise.reject(new Error()));
  made.catch(() => undefined); // seen by who awaits it
  return made;
}
