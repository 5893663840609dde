/** Suites, their tasks, and their data. With a name as its argument, downloads that data set and counts what is in it. */
import { silentProgress } from 'sgpt-bench';
import { closeTask, dataOf, downloadAll, expandTasks, openTask, suites } from 'sgpt-bench/tasks';

for (const { title, tasks } of suites)
  console.log(`${title}: ${tasks.length} tasks, ${tasks.filter(({ inAverage }) => inAverage).length} in its average`);
console.log('beir/cqadupstack stands for', expandTasks(['beir/cqadupstack']).length, 'tasks');

const task = await openTask('demo/computing', { datasetsDir: 'datasets' });
console.log(task.name, task.facts.documents, 'documents,', task.facts.queries, 'queries');
await closeTask(task);

const [name] = process.argv.slice(2);
if (name !== undefined) {
  const data = dataOf(name);
  await downloadAll([data], { datasetsDir: 'datasets', progress: silentProgress });
  for (const { what, found, expected } of await data.verify('datasets')) console.log(what, found, 'of', expected);
}
