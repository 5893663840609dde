/** `sgpt-bench/tasks`: suites, their tasks and data: opening, downloading, verifying. */
export type * from '../core/dataset.js';
export type { Task } from '../core/task.js';
export { usebDatasets, usebMainMeasures, type UsebTask } from '../core/useb.js';
export { limitTask } from '../core/limit-task.js';
export { documentText } from '../core/profile.js';
export { openBeirFolder } from '../datasets/beir-folder.js';
export { readQrels } from '../datasets/qrels-file.js';
export { openTaskFile } from '../datasets/task-file.js';
export {
  dataOf,
  expandTasks,
  findTask,
  suiteData,
  suites,
  type Suite,
  type SuiteData,
  type SuiteTask,
} from '../suites/index.js';
export { downloadAll, type DownloadOptions } from '../suites/install.js';
export { closeTask, openTask } from '../suites/open-task.js';
