import type { RetrievalTask } from '../../src/core/dataset.js';
import type { Task } from '../../src/core/task.js';
import type { UsebTask } from '../../src/core/useb.js';
import { expandTasks } from '../../src/suites/index.js';
import { openTask } from '../../src/suites/open-task.js';

/** Opens a task that must be one of retrieval. */
export async function openRetrieval(name: string, datasetsDir = 'datasets', split?: string): Promise<RetrievalTask> {
  const task: Task = await openTask(name, { datasetsDir, split });
  if (task.kind !== 'retrieval') throw new Error(`${name} is no retrieval task`);
  return task;
}

/** Opens what a name of USEB stands for: `useb`, `demo/useb`, or one of their tasks. */
export async function openUsebTasks(name: string, datasetsDir = 'nowhere', split?: string): Promise<UsebTask[]> {
  const tasks: UsebTask[] = [];
  for (const one of expandTasks([name])) {
    const task = await openTask(one, { datasetsDir, split });
    if (task.kind !== 'useb') throw new Error(`${one} is no task of USEB`);
    tasks.push(task);
  }
  return tasks;
}
