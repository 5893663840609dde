import type { RetrievalTask } from '../../src/core/dataset.js';
import { completeSpec } from '../../src/core/system-spec.js';
import type { Coordinator } from '../../src/queue/coordinator.js';

/** Has a shard queued that no worker can compute: its model and its data are nowhere. */
export function waitForUnmadeShard(coordinator: Coordinator): Promise<void> {
  const facts = { checksum: 'a'.repeat(64) };
  const task = { name: 'small', split: 'test', queryLimit: null, facts } as unknown as RetrievalTask;
  const system = completeSpec({ runner: 'bi-encoder', model: 'nowhere' });
  const work = coordinator.workOf({ system, taskName: 'small', task, profile: 'sgpt-paper' });
  const model = { id: 'm', revision: null, architecture: 'x', parameters: 0, files: {}, dtype: 'fp32' };
  const part = { kind: 'texts', sequence: 'queries', role: 'query', first: 0, count: 4 } as const;
  const made = work.make({ index: 0, keys: ['b'.repeat(64)], part, model, settings: {} }, () =>
    Promise.reject(new Error()),
  );
  made.catch(() => undefined); // seen by who awaits it
  return made;
}
