/** A process that the test kills: downloads one data set. Arguments: a BeirEntry as JSON, the datasets folder. */
import type { BeirEntry } from '../../src/suites/beir/entry.js';
import { downloadDataset } from '../../src/suites/beir/download.js';

const [entry = '', datasetsDir = ''] = process.argv.slice(2);
await downloadDataset(JSON.parse(entry) as BeirEntry, {
  datasetsDir,
  progress: { stage: () => ({ advance: () => undefined, end: () => undefined }), note: () => undefined },
});
