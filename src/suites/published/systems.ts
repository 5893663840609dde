import type { ProfileName } from '../../core/profile.js';
import type { Setting } from '../../core/setting.js';

/** Selects the results of this program that a published row describes; all given fields must match. */
export interface PublishedSystem {
  readonly runner: 'bm25' | 'bi-encoder' | 'cross-encoder';
  /** Names of the checkpoint without organisation: the last part of a hub id, or a folder's name. */
  readonly models?: readonly string[];
  readonly settings?: Readonly<Record<string, Setting>>;
  /** The family, if settings do not suffice: `BE weightedmean` is pooled from the last hidden state only. */
  readonly family?: string;
  /** Profiles with the conventions of the published numbers. */
  readonly profiles: readonly ProfileName[];
  /** Re-ranking depth. */
  readonly depth?: number;
}

export interface PublishedIdentity {
  /** Null if no system of this program equals the published one. */
  readonly system: PublishedSystem | null;
  /** Remarks that explain a difference, by task; `*` for all tasks. */
  readonly notes?: Readonly<Record<string, string>>;
}

const ownRunDiffers =
  'the recorded run is below what its own settings give when they are implemented again ' +
  '(SciFact 0.6907, NFCorpus about 0.34; beir issue 143 reports 0.6906 for SciFact), for reasons not known';

/** The identity of each published row, by its `system`. */
export const publishedSystems: Readonly<Record<string, PublishedIdentity>> = {
  "BM25 (Elasticsearch 7.0.0, SGPT's own run)": {
    system: { runner: 'bm25', settings: { bm25: 'elasticsearch' }, profiles: ['sgpt-paper', 'beir'] },
    notes: { scifact: ownRunDiffers, nfcorpus: ownRunDiffers },
  },
  'BM25 (BEIR paper)': {
    system: { runner: 'bm25', settings: { bm25: 'anserini-multifield' }, profiles: ['trec_eval'] },
    notes: { '*': "the BEIR paper's BM25 is Anserini's over title and text as two fields" },
  },
  'BM25 (Anserini 2, flat)': {
    system: { runner: 'bm25', settings: { bm25: 'anserini-flat' }, profiles: ['trec_eval'] },
  },
  'BM25 (Anserini 2, multifield)': {
    system: { runner: 'bm25', settings: { bm25: 'anserini-multifield' }, profiles: ['trec_eval'] },
  },
  'BM25 (bm25s 0.1.10)': { system: null },
  'BM25 + supervised cross-encoder (BEIR paper)': { system: null },
  'SGPT-CE-6.1B (GPT-J, prompt G, top 100 of BM25)': { system: sgptCrossEncoder('gpt-j-6b') },
  'SGPT-CE-2.7B (GPT-Neo, prompt G, top 100 of BM25)': { system: sgptCrossEncoder('gpt-neo-2.7b') },
  'SGPT-BE-5.8B (SGPT-5.8B-weightedmean-msmarco-specb-bitfit)': {
    system: sgptBiEncoder('sgpt-5.8b-weightedmean-msmarco-specb-bitfit'),
  },
  'SGPT-BE-125M (SGPT-125M-weightedmean-msmarco-specb-bitfit)': {
    system: sgptBiEncoder('sgpt-125m-weightedmean-msmarco-specb-bitfit'),
  },
  'bigscience/sgpt-bloom-7b1-msmarco': {
    system: { runner: 'bi-encoder', models: ['sgpt-bloom-7b1-msmarco'], family: 'BE weightedmean', profiles: ['mteb'] },
  },
  'sentence-transformers/all-MiniLM-L6-v2': {
    system: { runner: 'bi-encoder', models: ['all-minilm-l6-v2'], family: 'BE mean', profiles: ['mteb'] },
  },
};

function sgptBiEncoder(model: string): PublishedSystem {
  const settings = { brackets: 'specb' };
  return { runner: 'bi-encoder', models: [model], family: 'BE weightedmean', settings, profiles: ['sgpt-paper'] };
}

function sgptCrossEncoder(model: string): PublishedSystem {
  return { runner: 'cross-encoder', models: [model], settings: { prompt: 'G' }, profiles: ['sgpt-paper'], depth: 100 };
}
