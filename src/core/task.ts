import type { RetrievalTask } from './dataset.js';
import type { UsebTask } from './useb.js';

/** Everything that a system can be run on. What a kind of task is scored by is in pipeline/task-kinds.ts. */
export type Task = RetrievalTask | UsebTask;
