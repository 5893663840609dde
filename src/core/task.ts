import type { RetrievalTask } from './dataset.js';
import type { UsebTask } from './useb.js';

/** A task of any kind. pipeline/task-kind.ts describes how tasks of a kind are scored. */
export type Task = RetrievalTask | UsebTask;
