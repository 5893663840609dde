import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { Task } from '../core/task.js';

/** @throws InputError for a task that is not a retrieval task */
export function requireRetrieval(task: Task, runner: string): RetrievalTask {
  if (task.kind === 'retrieval') return task;
  throw new InputError(
    `${task.name}: the runner ${runner} cannot run this task; choose --runner bi-encoder, with --model`,
  );
}
