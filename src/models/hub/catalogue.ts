import type { ProfileName } from '../../core/profile.js';

/** A model of the SGPT paper or of its comparisons, as it is run there. */
export interface CatalogueModel {
  /** On the hub. */
  readonly id: string;
  /** A commit that published results name, or null where no source was found that does. */
  readonly revision: string | null;
  /** In millions, as the paper counts them. */
  readonly millions: number;
  readonly modelType: string;
  readonly use: 'bi-encoder' | 'cross-encoder';
  /** Of a bi-encoder. */
  readonly pooling: string | null;
  readonly brackets: 'specb' | 'none' | null;
  /** Of a cross-encoder. */
  readonly prompt: string | null;
  /** Longest input in tokens: what the model's own settings say, which for NLI models is their training's length. */
  readonly maxTokens: number;
  /** Whose conventions the published numbers follow. */
  readonly profile: ProfileName;
  readonly about: string;
}

const symmetric = 'symmetric search; USEB runs it to its full length of positions';
const asymmetric = 'asymmetric search (BEIR)';

/**
 * Revisions and lengths of SGPT's bi-encoders, MiniLM and MPNet are those of mteb's model descriptions
 * (embeddings-benchmark/mteb), which its published results were made with; counts and uses are the paper's.
 */
export const modelCatalogue: readonly CatalogueModel[] = [
  sgpt('125M', 125, 'gpt_neo', 'nli', '23691c8b63a42b9a9796965c152feea82e25133c'),
  sgpt('1.3B', 1300, 'gpt_neo', 'nli', '21ac01bac24bf051aa64428d105d95921ec4e562'),
  sgpt('2.7B', 2700, 'gpt_neo', 'nli', '3f56086f795e8562fe8cb97178f23ed6fa453edb'),
  sgpt('5.8B', 5800, 'gptj', 'nli', '88aafd983654e7ae20241b1f58223de316f7b003'),
  sgpt('125M', 125, 'gpt_neo', 'msmarco-specb', 'c135b3471857e3d8db7fd00ee981d7d1948f0770'),
  sgpt('1.3B', 1300, 'gpt_neo', 'msmarco-specb', 'bac636ea26b5b810eee6be73fe8c8f484ba1c8c4'),
  sgpt('2.7B', 2700, 'gpt_neo', 'msmarco-specb', '44ec091e09d0366b9681dc853f88bfb619fedd19'),
  sgpt('5.8B', 5800, 'gptj', 'msmarco-specb', '2dbba11efed19bb418811eac04be241ddc42eb99'),
  {
    ...biEncoder('bigscience-data/sgpt-bloom-1b7-nli', 1700, 'bloom', null, 75, symmetric),
    pooling: 'weightedmean',
    profile: 'sgpt-paper',
  },
  {
    ...biEncoder(
      'bigscience/sgpt-bloom-7b1-msmarco',
      7100,
      'bloom',
      'dc579f3d2d5a0795eba2049e16c3e36c74007ad3',
      300,
      asymmetric,
    ),
    pooling: 'weightedmean',
    brackets: 'specb',
    profile: 'sgpt-paper',
  },
  crossEncoder('EleutherAI/gpt-neo-125m', 125, 'gpt_neo'),
  crossEncoder('EleutherAI/gpt-neo-1.3B', 1300, 'gpt_neo'),
  crossEncoder('EleutherAI/gpt-neo-2.7B', 2700, 'gpt_neo'),
  crossEncoder('EleutherAI/gpt-j-6b', 6100, 'gptj'),
  biEncoder('sentence-transformers/bert-base-nli-mean-tokens', 110, 'bert', null, 128, 'SBERT, 12 layers'),
  biEncoder('sentence-transformers/bert-large-nli-mean-tokens', 335, 'bert', null, 128, 'SBERT, 24 layers'),
  biEncoder(
    'sentence-transformers/all-MiniLM-L6-v2',
    22.7,
    'bert',
    '8b3219a92973c328a8e22fadcfa821b5dc75636a',
    256,
    'six layers',
  ),
  biEncoder(
    'sentence-transformers/all-mpnet-base-v2',
    109,
    'mpnet',
    '9a3225965996d404b775526de6dbfe85d3368642',
    384,
    'twelve layers',
  ),
];

function sgpt(
  size: string,
  millions: number,
  modelType: string,
  kind: 'nli' | 'msmarco-specb',
  revision: string,
): CatalogueModel {
  const forSearch = kind === 'msmarco-specb';
  return {
    ...biEncoder(
      `Muennighoff/SGPT-${size}-weightedmean-${kind}-bitfit`,
      millions,
      modelType,
      revision,
      forSearch ? 300 : 75,
      forSearch ? asymmetric : symmetric,
    ),
    pooling: 'weightedmean',
    brackets: forSearch ? 'specb' : 'none',
    profile: 'sgpt-paper',
  };
}

function biEncoder(
  id: string,
  millions: number,
  modelType: string,
  revision: string | null,
  maxTokens: number,
  about: string,
): CatalogueModel {
  return {
    ...{ id, revision, millions, modelType, use: 'bi-encoder', pooling: 'mean', brackets: 'none', prompt: null },
    ...{ maxTokens, profile: 'mteb', about },
  };
}

function crossEncoder(id: string, millions: number, modelType: string): CatalogueModel {
  return {
    ...{ id, revision: null, millions, modelType, use: 'cross-encoder', pooling: null, brackets: null, prompt: 'G' },
    ...{ maxTokens: 2048, profile: 'sgpt-paper', about: 'SGPT-CE: re-ranks the top 100 of BM25' },
  };
}
