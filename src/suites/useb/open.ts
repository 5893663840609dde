import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, unknownName } from '../../core/errors.js';
import { kindOf } from '../../io/files.js';
import { usebDatasets, type UsebDataset, type UsebSplit, type UsebTask } from '../../core/useb.js';
import { openAskUbuntu } from '../../datasets/useb/askubuntu.js';
import { openCqaDupStack } from '../../datasets/useb/cqadupstack.js';
import { openSciDocs } from '../../datasets/useb/scidocs.js';
import { openTwitterPara } from '../../datasets/useb/twitterpara.js';

/** The small sets in USEB's formats that come with the program, from this file's place in src or dist. */
const bundledFolder = fileURLToPath(new URL('../../../datasets/demo-useb', import.meta.url));
const bundledPrefix = 'demo/';

const readers: Readonly<Record<UsebDataset, (folder: string, name: string, split: UsebSplit) => Promise<UsebTask>>> = {
  askubuntu: openAskUbuntu,
  cqadupstack: openCqaDupStack,
  twitterpara: openTwitterPara,
  scidocs: openSciDocs,
};

/** Whether a task's name is meant for {@link openUsebTasks}: `useb`, `useb/NAME`, `demo/useb`, `demo/useb/NAME`. */
export function isUsebName(name: string): boolean {
  return /^(demo\/)?useb(\/|$)/.test(name);
}

/**
 * Opens USEB's tasks: all four for `useb` (from `datasetsDir/useb`, the unpacked data-eval folder) and `demo/useb` (the
 * bundled ones), one for `useb/NAME` and `demo/useb/NAME`.
 * @param split `test` (default), or `valid`, which may be called `dev`; TwitterPara is opened with its test split anyway
 * @throws InputError for a name, a split or data that is not there, and for data that is broken
 */
export async function openUsebTasks(name: string, datasetsDir: string, split = 'test'): Promise<UsebTask[]> {
  const bundled = name.startsWith(bundledPrefix);
  const suite = bundled ? `${bundledPrefix}useb` : 'useb';
  const wanted = name.slice(suite.length + 1);
  const chosen = usebDatasets.filter((dataset) => wanted === '' || wanted === dataset);
  if (chosen.length === 0) {
    throw unknownName('task', name, [suite, ...usebDatasets.map((dataset) => `${suite}/${dataset}`)]);
  }
  const folder = bundled ? bundledFolder : join(datasetsDir, 'useb');
  if ((await kindOf(folder)) !== 'folder') {
    throw new InputError(`${name}: not found at ${folder}; get it with: sgpt-bench datasets download useb`);
  }
  const tasks: UsebTask[] = [];
  for (const dataset of chosen) {
    tasks.push(await readers[dataset](join(folder, dataset), `${suite}/${dataset}`, usebSplit(split)));
  }
  return tasks;
}

function usebSplit(split: string): UsebSplit {
  if (split === 'test') return 'test';
  if (split === 'valid' || split === 'dev') return 'valid';
  throw new InputError(`USEB has no split "${split}"; choose test or valid with --split`);
}
