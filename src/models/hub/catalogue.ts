import type { ProfileName } from '../../core/profile.js';

/** A model that the SGPT paper evaluates or compares with, and its settings there. */
export interface CatalogueModel {
  /** Hub id. */
  readonly id: string;
  /** Commit that published results were computed with, or null if no source names one. */
  readonly revision: string | null;
  /** Number of parameters in millions, as counted in the paper. */
  readonly millions: number;
  readonly modelType: string;
  readonly use: 'bi-encoder' | 'cross-encoder';
  /** null for a cross-encoder. */
  readonly pooling: string | null;
  /** null for a cross-encoder. */
  readonly brackets: 'specb' | 'none' | null;
  /** null for a bi-encoder. */
  readonly prompt: string | null;
  /** Longest input in tokens, from the model's own settings; for NLI models, that is the length used in training. */
  readonly maxTokens: number;
  /** Profile that the published numbers follow. */
  readonly profile: ProfileName;
  readonly about: string;
}

const symmetric = 'symmetric search; USEB uses its full number of positions';
const asymmetric = 'asymmetric search (BEIR)';

const sgptSizes = {
  '125M': { millions: 125, modelType: 'gpt_neo' },
  '1.3B': { millions: 1300, modelType: 'gpt_neo' },
  '2.7B': { millions: 2700, modelType: 'gpt_neo' },
  '5.8B': { millions: 5800, modelType: 'gptj' },
} as const;

/** Fields of a bi-encoder; the other fields are the same for all, or have defaults. */
interface BiEncoderFields extends Pick<
  CatalogueModel,
  'id' | 'revision' | 'millions' | 'modelType' | 'maxTokens' | 'about'
> {
  /** Default: mean pooling without brackets, under mteb's profile. */
  readonly settings?: Pick<CatalogueModel, 'pooling' | 'brackets' | 'profile'>;
}

const sgptSettings = { pooling: 'weightedmean', brackets: 'none', profile: 'sgpt-paper' } as const;
const sgptNli = { maxTokens: 75, about: symmetric, settings: sgptSettings };
const sgptMsmarco = { maxTokens: 300, about: asymmetric, settings: { ...sgptSettings, brackets: 'specb' } } as const;

/**
 * Revisions and lengths of SGPT's bi-encoders, MiniLM and MPNet are from mteb's model descriptions
 * (embeddings-benchmark/mteb), which its published results were computed with; parameter counts and uses are the
 * paper's.
 */
export const modelCatalogue: readonly CatalogueModel[] = [
  sgpt('125M', 'nli', '23691c8b63a42b9a9796965c152feea82e25133c'),
  sgpt('1.3B', 'nli', '21ac01bac24bf051aa64428d105d95921ec4e562'),
  sgpt('2.7B', 'nli', '3f56086f795e8562fe8cb97178f23ed6fa453edb'),
  sgpt('5.8B', 'nli', '88aafd983654e7ae20241b1f58223de316f7b003'),
  sgpt('125M', 'msmarco-specb', 'c135b3471857e3d8db7fd00ee981d7d1948f0770'),
  sgpt('1.3B', 'msmarco-specb', 'bac636ea26b5b810eee6be73fe8c8f484ba1c8c4'),
  sgpt('2.7B', 'msmarco-specb', '44ec091e09d0366b9681dc853f88bfb619fedd19'),
  sgpt('5.8B', 'msmarco-specb', '2dbba11efed19bb418811eac04be241ddc42eb99'),
  biEncoder({
    ...{ id: 'bigscience-data/sgpt-bloom-1b7-nli', revision: null, millions: 1700, modelType: 'bloom' },
    ...sgptNli,
  }),
  biEncoder({
    ...{ id: 'bigscience/sgpt-bloom-7b1-msmarco', revision: 'dc579f3d2d5a0795eba2049e16c3e36c74007ad3' },
    ...{ millions: 7100, modelType: 'bloom', ...sgptMsmarco },
  }),
  crossEncoder('EleutherAI/gpt-neo-125m', 125, 'gpt_neo'),
  crossEncoder('EleutherAI/gpt-neo-1.3B', 1300, 'gpt_neo'),
  crossEncoder('EleutherAI/gpt-neo-2.7B', 2700, 'gpt_neo'),
  crossEncoder('EleutherAI/gpt-j-6b', 6100, 'gptj'),
  biEncoder({
    ...{ id: 'sentence-transformers/bert-base-nli-mean-tokens', revision: null, millions: 110, modelType: 'bert' },
    ...{ maxTokens: 128, about: 'SBERT, 12 layers' },
  }),
  biEncoder({
    ...{ id: 'sentence-transformers/bert-large-nli-mean-tokens', revision: null, millions: 335, modelType: 'bert' },
    ...{ maxTokens: 128, about: 'SBERT, 24 layers' },
  }),
  biEncoder({
    ...{ id: 'sentence-transformers/all-MiniLM-L6-v2', revision: '8b3219a92973c328a8e22fadcfa821b5dc75636a' },
    ...{ millions: 22.7, modelType: 'bert', maxTokens: 256, about: 'six layers' },
  }),
  biEncoder({
    ...{ id: 'sentence-transformers/all-mpnet-base-v2', revision: '9a3225965996d404b775526de6dbfe85d3368642' },
    ...{ millions: 109, modelType: 'mpnet', maxTokens: 384, about: 'twelve layers' },
  }),
];

function sgpt(size: keyof typeof sgptSizes, kind: 'nli' | 'msmarco-specb', revision: string): CatalogueModel {
  const id = `Muennighoff/SGPT-${size}-weightedmean-${kind}-bitfit`;
  return biEncoder({ id, revision, ...sgptSizes[size], ...(kind === 'nli' ? sgptNli : sgptMsmarco) });
}

function biEncoder({ id, revision, millions, modelType, maxTokens, about, settings }: BiEncoderFields): CatalogueModel {
  const { pooling, brackets, profile } = settings ?? { pooling: 'mean', brackets: 'none', profile: 'mteb' };
  return {
    ...{ id, revision, millions, modelType, use: 'bi-encoder', pooling, brackets, prompt: null },
    ...{ maxTokens, profile, about },
  };
}

function crossEncoder(id: string, millions: number, modelType: string): CatalogueModel {
  return {
    ...{ id, revision: null, millions, modelType, use: 'cross-encoder', pooling: null, brackets: null, prompt: 'G' },
    ...{ maxTokens: 2048, profile: 'sgpt-paper', about: 'SGPT-CE: re-ranks the top 100 of BM25' },
  };
}
