import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../core/errors.js';
import { usebDatasets, type UsebDataset, type UsebSplit, type UsebTask } from '../core/useb.js';
import {
  compareCount,
  type CountCheck,
  type OpenOptions,
  type Suite,
  type SuiteData,
  type SuiteTask,
} from './suite.js';

/** USEB's one archive, with the data of all four tasks. It is published without checksum and counts. */
const archive = {
  folder: 'https://public.ukp.informatik.tu-darmstadt.de/kwang/unsupse-benchmark/tsdae-evaluation',
  file: 'data-eval.zip',
};

const citation =
  'Wang et al., TSDAE: Using Transformer-based Sequential Denoising Auto-Encoder for Unsupervised Sentence Embedding Learning, arXiv:2104.06979, 2021';

const data: SuiteData = {
  name: 'useb',
  title: 'USEB',
  aliases: [],
  documents: null,
  queries: null,
  split: 'test',
  archiveBytes: null,
  isPublic: true,
  facts: [
    ['task', `useb (all four), or useb/{${usebDatasets.join(', ')}}`],
    ['title', 'USEB, the unsupervised sentence embedding benchmark'],
    ['archive', `${archive.folder}/${archive.file}`],
    ['citation', citation],
  ],
  entry: { name: 'useb', archive: `${archive.folder}/${archive.file}`, tasks: usebDatasets, citation },
  async download(options) {
    return (await import('./useb-download.js')).downloadUseb(archive, options);
  },
  verify,
};

/** USEB (Wang et al. 2021): four tasks that compare texts of one kind. */
export const useb: Suite = usebSuite('useb', 'USEB', ({ datasetsDir }) => join(datasetsDir, 'useb'), [data]);

/** The small bundled sets in USEB's formats; the relative path is the same from src and dist. */
export const demoUseb: Suite = usebSuite(
  'demo/useb',
  'demo/useb',
  () => fileURLToPath(new URL('../../datasets/demo-useb', import.meta.url)),
  [],
);

function usebSuite(
  name: string,
  title: string,
  folderOf: (options: OpenOptions) => string,
  ownData: readonly SuiteData[],
): Suite {
  return {
    name,
    title,
    mixesMeasures: true,
    tasks: usebDatasets.map((dataset) => ({
      ...{ name: dataset, aliases: [], split: 'test', parts: [], mtebName: null },
      isPublic: true,
      inAverage: true,
    })),
    data: ownData,
    open: (task, _part, options) => openUsebTask(`${name}/${task.name}`, task, folderOf(options), options),
  };
}

/**
 * @param folder the unpacked data-eval folder
 * @throws InputError for an unknown split, and for data that is missing or damaged
 */
async function openUsebTask(
  name: string,
  { name: dataset }: SuiteTask,
  folder: string,
  { split = 'test' }: OpenOptions,
): Promise<UsebTask> {
  const { kindOf } = await import('../io/files.js');
  if ((await kindOf(folder)) !== 'folder')
    throw new InputError(`${name}: not found at ${folder}; get it with: sgpt-bench datasets download useb`);
  const reader = await readers[dataset as UsebDataset]();
  return reader(join(folder, dataset), name, usebSplit(split));
}

type UsebReader = (folder: string, name: string, split: UsebSplit) => Promise<UsebTask>;

const readers: Readonly<Record<UsebDataset, () => Promise<UsebReader>>> = {
  askubuntu: async () => (await import('../datasets/useb/askubuntu.js')).openAskUbuntu,
  cqadupstack: async () => (await import('../datasets/useb/cqadupstack.js')).openCqaDupStack,
  twitterpara: async () => (await import('../datasets/useb/twitterpara.js')).openTwitterPara,
  scidocs: async () => (await import('../datasets/useb/scidocs.js')).openSciDocs,
};

/** USEB's split: `test`, or `valid`, also called `dev`. TwitterPara is always opened with its test split. */
function usebSplit(split: string): UsebSplit {
  if (split === 'test') return 'test';
  if (split === 'valid' || split === 'dev') return 'valid';
  throw new InputError(`USEB has no split "${split}"; choose test or valid with --split`);
}

/** Counts the data of both splits of all four tasks; there are no published counts to compare with. */
async function verify(datasetsDir: string): Promise<CountCheck[]> {
  const checks: CountCheck[] = [];
  for (const split of ['valid', 'test']) {
    for (const task of useb.tasks) {
      const { name, facts, split: opened } = await useb.open(task, null, { datasetsDir, split });
      if (opened !== split) continue;
      for (const what of ['documents', 'queries', 'judgements'] as const)
        checks.push(compareCount(`${name} ${split}: ${what}`, facts[what], null));
    }
  }
  return checks;
}
