// Preloaded into a process by a test (--import): appends every module that the process loads to the file MODULES_FILE.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';

const file = process.env.MODULES_FILE;
register('./list-modules-loader.mjs', import.meta.url, { data: file });
// What `require` loads does not pass through the loader.
process.on('exit', () => {
  for (const path of Object.keys(createRequire(import.meta.url).cache)) appendFileSync(file, `file://${path}\n`);
});
