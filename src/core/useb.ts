import type { Qrels, TaskBase } from './dataset.js';
import type { Run } from './run.js';
import { pythonStrip } from './text.js';

/** The tasks of USEB (Wang et al. 2021, "TSDAE"; UKPLab/useb 0.0.1), in its order. */
export const usebDatasets = ['askubuntu', 'cqadupstack', 'twitterpara', 'scidocs'] as const;
export type UsebDataset = (typeof usebDatasets)[number];

/** USEB's names of its splits. TwitterPara has only a test split. */
export type UsebSplit = 'test' | 'valid';

/** Each task's measure that counts in USEB's average. */
export const usebMainMeasures: Readonly<Record<UsebDataset, string>> = {
  askubuntu: 'map_askubuntu_title',
  cqadupstack: 'map@100_cqadupstack_avg',
  twitterpara: 'ap_twitter_avg',
  scidocs: 'map_scidocs_cosine_avg',
};

/**
 * Tasks on which embeddings are scaled to length 1 before they are compared. This changes AskUbuntu, CQADupStack and the
 * Euclidean numbers of SciDocs, but no cosine.
 * - `by-task`: AskUbuntu and CQADupStack (UKPLab/useb)
 * - `all`: all tasks (default of the copy of useb in Muennighoff/sgpt)
 * - `none`: no task (that copy with --notnormalize)
 */
export const usebNormalizations = ['by-task', 'all', 'none'] as const;
export type UsebNormalization = (typeof usebNormalizations)[number];

interface UsebTaskOf<Dataset extends UsebDataset> extends TaskBase {
  readonly kind: 'useb';
  readonly dataset: Dataset;
  readonly split: UsebSplit;
  /** Queries left out of every mean: those without positives (AskUbuntu), or without a title (SciDocs). */
  readonly skippedQueries: number;
}

export type UsebTask = AskUbuntuTask | CqaDupStackTask | TwitterParaTask | SciDocsTask;

/** The texts of a post that can be embedded; each gives its own numbers. */
export const askUbuntuTexts = ['title', 'body', 'title_and_body'] as const;
export type AskUbuntuText = (typeof askUbuntuTexts)[number];

/** Task: re-rank the 20 candidates that BM25 found for a question. */
export interface AskUbuntuTask extends UsebTaskOf<'askubuntu'> {
  /** Post id → stripped title and body. */
  readonly posts: ReadonlyMap<string, Readonly<Record<'title' | 'body', string>>>;
  /** The queries with positives. */
  readonly queries: readonly AskUbuntuQuery[];
}

export interface AskUbuntuQuery {
  readonly id: string;
  readonly positives: ReadonlySet<string>;
  /** Post ids, BM25's best first, equal scores in the order of the file; ties keep this order. */
  readonly candidates: readonly string[];
}

/** Task: find the duplicates of a question among the posts of its forum. */
export interface CqaDupStackTask extends UsebTaskOf<'cqadupstack'> {
  readonly forums: readonly UsebForum[];
}

export interface UsebForum {
  readonly name: string;
  /** The forum's posts except the queries of the split: id → stripped text. */
  readonly pool: ReadonlyMap<string, string>;
  /** Query id → stripped text. */
  readonly queries: ReadonlyMap<string, string>;
  /** Query id → its duplicates, as listed; possibly none. */
  readonly positives: ReadonlyMap<string, readonly string[]>;
}

/** The two parts of TwitterPara, by their names in USEB's keys. */
export const twitterParts = ['twitterurl', 'pit'] as const;
export type TwitterPart = (typeof twitterParts)[number];

/** Task: recognize paraphrases among pairs of tweets. */
export interface TwitterParaTask extends UsebTaskOf<'twitterpara'> {
  readonly pairs: Readonly<Record<TwitterPart, readonly LabelledPair[]>>;
}

export interface LabelledPair {
  /** Stripped texts. */
  readonly texts: readonly [string, string];
  /** Similarity: above 3 is a paraphrase, below 3 is not, 3 is undecided. */
  readonly label: number;
}

/** Relations of a paper to the query. */
export const sciDocsRelations = ['cite', 'cocite', 'coview', 'coread'] as const;
export type SciDocsRelation = (typeof sciDocsRelations)[number];

/** Task: rank the candidates of a paper by their titles. */
export interface SciDocsTask extends UsebTaskOf<'scidocs'> {
  /** Paper id → stripped title; papers without a title are left out. */
  readonly titles: ReadonlyMap<string, string>;
  /** Grades are 0 and 1. Queries and candidates without a title are included. */
  readonly qrels: Readonly<Record<SciDocsRelation, Qrels>>;
}

/** A system's output on a task: similarities, or rankings by similarity. */
export type UsebScores =
  | {
      readonly dataset: 'askubuntu';
      /** Per query of the task, one score per candidate, in their order. */
      readonly scores: Readonly<Record<AskUbuntuText, readonly Float32Array[]>>;
    }
  | {
      readonly dataset: 'cqadupstack';
      /** Forum → the top {@link cqaDupStackDepth} posts of every query. */
      readonly runs: ReadonlyMap<string, Run>;
    }
  | {
      readonly dataset: 'twitterpara';
      /** One cosine per pair. */
      readonly cosines: Readonly<Record<TwitterPart, Float32Array>>;
    }
  | {
      readonly dataset: 'scidocs';
      /** Rankings of candidates with a title, for queries with a title; scores of `euclidean` are negated distances. */
      readonly runs: Readonly<Record<SciDocsRelation, Readonly<Record<SciDocsSimilarity, Run>>>>;
    };

export const sciDocsSimilarities = ['euclidean', 'cosine'] as const;
export type SciDocsSimilarity = (typeof sciDocsSimilarities)[number];

/** Depth of CQADupStack's MAP@100: posts per query. */
export const cqaDupStackDepth = 100;

/** A post's text to embed (`askubuntu.py`, `_get_sent`), stripped. */
export function askUbuntuText({ posts }: AskUbuntuTask, id: string, text: AskUbuntuText): string {
  const { title, body } = posts.get(id)!;
  if (text !== 'title_and_body') return text === 'title' ? title : body;
  return pythonStrip(`${title} ${body}`);
}

/** An object with a value for each key, in the order of the keys. */
export function recordOf<Key extends string, Value>(
  keys: readonly Key[],
  valueOf: (key: Key) => Value,
): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<Key, Value>;
}
