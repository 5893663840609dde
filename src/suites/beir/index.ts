import { join } from 'node:path';
import type { RetrievalTask } from '../../core/dataset.js';
import { InputError } from '../../core/errors.js';
import type { OpenOptions, Suite, SuiteData, SuiteTask } from '../suite.js';
import { beirEntries } from './entries.js';
import type { BeirEntry } from './entry.js';

/** BEIR (Thakur et al. 2021): 19 data sets in one layout. */
export const beir: Suite = {
  name: 'beir',
  title: 'BEIR',
  mixesMeasures: false,
  tasks: beirEntries.map(taskOf),
  data: beirEntries.map(dataOf),
  mtebPartName: (forum) => `CQADupstack${forum[0]!.toUpperCase()}${forum.slice(1)}Retrieval`,
  open: openBeirTask,
  openUnlisted,
};

function taskOf({ name, aliases, defaultSplit, archive, inAverage, parts, mtebName }: BeirEntry): SuiteTask {
  return {
    ...{ name, aliases, split: defaultSplit, inAverage, mtebName },
    isPublic: archive !== null,
    parts: parts.map((part) => part.name),
  };
}

function dataOf(entry: BeirEntry): SuiteData {
  const { name, title, aliases, archive, splits, defaultSplit } = entry;
  return {
    ...{ name, title, aliases, split: defaultSplit, entry },
    documents: documentsOf(entry),
    queries: splits[defaultSplit]?.queries ?? null,
    archiveBytes: archive?.bytes ?? null,
    isPublic: archive !== null,
    facts: factsOf(entry),
    download: async (options) => (await import('./download.js')).downloadDataset(entry, options),
    verify: async (datasetsDir) => (await import('./verify.js')).verifyDataset(entry, datasetsDir),
  };
}

function documentsOf({ documents, parts }: BeirEntry): number | null {
  return parts.length === 0 ? documents : parts.reduce((sum, part) => sum + part.documents, 0);
}

function factsOf(entry: BeirEntry): SuiteData['facts'] {
  const shown = (value: number | null): string => (value === null ? '?' : String(value));
  const splits = Object.entries(entry.splits).map(
    ([split, { queries, judgements }]) => `${split} ${shown(queries)}/${shown(judgements)}`,
  );
  return [
    ['task', entry.parts.length === 0 ? `beir/${entry.name}` : `beir/${entry.name} (each of its parts, or all)`],
    ['title', entry.title],
    ['aliases', entry.aliases.join(', ') || 'none'],
    ['documents', shown(documentsOf(entry))],
    ['queries/judgements', `${splits.join(', ')}; reported: ${entry.defaultSplit}`],
    ...entry.parts.map(
      (part) =>
        [
          `  ${part.name}`,
          `${part.documents} documents, ${part.queries} queries, ${part.judgements} judgements`,
        ] as const,
    ),
    ['archive', entry.archive === null ? `none: ${entry.howToBring}` : entry.archive.url],
    ['size', entry.archive === null ? '-' : `${(entry.archive.bytes / 1e6).toFixed(1)} MB`],
    ['MD5', entry.archive?.md5 ?? '?'],
    ['SHA-256', entry.archive?.sha256 ?? '?'],
    ...(entry.archive?.wrongMd5 ?? []).map(({ md5, why }) => ['not', `MD5 ${md5}: ${why}`] as const),
    ['hub', entry.hub === null ? 'none' : `${entry.hub}, ${entry.hub}-qrels`],
    ['identical ids', entry.removesIdenticalIds ? 'mteb removes them' : 'mteb keeps them'],
    ['average of 18', entry.inAverage ? 'yes' : 'no'],
    ['licence', entry.licence ?? '? (see the homepage)'],
    ['homepage', entry.homepage],
    ['citation', entry.citation],
  ];
}

async function openBeirTask({ name }: SuiteTask, part: string | null, options: OpenOptions): Promise<RetrievalTask> {
  const entry = beirEntries.find((known) => known.name === name)!;
  const path = part === null ? [name] : [name, part];
  const task = ['beir', ...path].join('/');
  if (part === null && entry.parts.length > 0) {
    const parts = entry.parts.map(({ name: forum }) => forum).join(', ');
    throw new InputError(`${task}: consists of ${entry.parts.length} data sets; name one of them: ${task}/{${parts}}`);
  }
  const [{ openBeirFolder }, { kindOf }] = await Promise.all([
    import('../../datasets/beir-folder.js'),
    import('../../io/files.js'),
  ]);
  const folder = join(options.datasetsDir, ...path);
  if ((await kindOf(folder)) !== 'folder') throw notFound(task, folder, entry);
  return openBeirFolder(folder, task, options.split, entry);
}

function notFound(task: string, folder: string, { name, howToBring }: BeirEntry): InputError {
  const remedy =
    howToBring === null
      ? `get it with: sgpt-bench datasets download ${name}`
      : `it cannot be downloaded: ${howToBring}`;
  return new InputError(`${task}: not found at ${folder}; ${remedy}`);
}

/** Opens a downloaded folder that is not one of BEIR's: the user's own data set. */
async function openUnlisted(name: string, { datasetsDir, split }: OpenOptions): Promise<RetrievalTask | undefined> {
  const [{ openBeirFolder }, { kindOf }] = await Promise.all([
    import('../../datasets/beir-folder.js'),
    import('../../io/files.js'),
  ]);
  const folder = join(datasetsDir, name);
  if (name.split('/').includes('..') || (await kindOf(folder)) !== 'folder') return undefined;
  return openBeirFolder(folder, `beir/${name}`, split);
}
