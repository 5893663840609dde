/** Downloads one data set in a process of its own, to be killed: arguments are an entry as JSON and the datasets folder. */
import type { BeirEntry } from '../../src/suites/beir/entry.js';
import { downloadDataset } from '../../src/suites/beir/download.js';

const [entry = '', datasetsDir = ''] = process.argv.slice(2);
await downloadDataset(JSON.parse(entry) as BeirEntry, {
  datasetsDir,
  progress: { stage: () => ({ advance: () => undefined, end: () => undefined }), note: () => undefined },
});
