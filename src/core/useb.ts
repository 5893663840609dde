import type { Qrels, TaskBase } from './dataset.js';
import type { Run } from './run.js';
import { pythonStrip } from './text.js';

/** The tasks of USEB (Wang et al. 2021, "TSDAE"; UKPLab/useb 0.0.1), in its order. */
export const usebDatasets = ['askubuntu', 'cqadupstack', 'twitterpara', 'scidocs'] as const;
export type UsebDataset = (typeof usebDatasets)[number];

/** USEB's names of its splits. TwitterPara has a test split alone. */
export type UsebSplit = 'test' | 'valid';

/** The number of each task that USEB's average is made of. */
export const usebMainMeasures: Readonly<Record<UsebDataset, string>> = {
  askubuntu: 'map_askubuntu_title',
  cqadupstack: 'map@100_cqadupstack_avg',
  twitterpara: 'ap_twitter_avg',
  scidocs: 'map_scidocs_cosine_avg',
};

/**
 * Where embeddings are scaled to length 1 before they are compared. It changes AskUbuntu, CQADupStack and the Euclidean
 * numbers of SciDocs; a cosine stays the same.
 * - `by-task`: for AskUbuntu and CQADupStack (UKPLab/useb)
 * - `all`: everywhere (the copy of useb in Muennighoff/sgpt, by default)
 * - `none`: nowhere (that copy with --notnormalize)
 */
export const usebNormalizations = ['by-task', 'all', 'none'] as const;
export type UsebNormalization = (typeof usebNormalizations)[number];

interface UsebTaskOf<Dataset extends UsebDataset> extends TaskBase {
  readonly kind: 'useb';
  readonly dataset: Dataset;
  readonly split: UsebSplit;
  /** Queries left out of every mean: without positives (AskUbuntu), without a title (SciDocs). */
  readonly skippedQueries: number;
}

export type UsebTask = AskUbuntuTask | CqaDupStackTask | TwitterParaTask | SciDocsTask;

/** What of a post is embedded; each has its own numbers. */
export const askUbuntuTexts = ['title', 'body', 'title_and_body'] as const;
export type AskUbuntuText = (typeof askUbuntuTexts)[number];

/** Re-rank the 20 candidates that BM25 found for a question. */
export interface AskUbuntuTask extends UsebTaskOf<'askubuntu'> {
  /** Post id → stripped title and body. */
  readonly posts: ReadonlyMap<string, Readonly<Record<'title' | 'body', string>>>;
  /** Those with positives. */
  readonly queries: readonly AskUbuntuQuery[];
}

export interface AskUbuntuQuery {
  readonly id: string;
  readonly positives: ReadonlySet<string>;
  /** Post ids, BM25's best first, equal scores as in the file: the order that ties keep. */
  readonly candidates: readonly string[];
}

/** Find the duplicates of a question among the posts of its forum. */
export interface CqaDupStackTask extends UsebTaskOf<'cqadupstack'> {
  readonly forums: readonly UsebForum[];
}

export interface UsebForum {
  readonly name: string;
  /** The forum's posts without the queries of the split: id → stripped text. */
  readonly pool: ReadonlyMap<string, string>;
  /** Query id → stripped text. */
  readonly queries: ReadonlyMap<string, string>;
  /** Query id → its duplicates, as listed; there may be none. */
  readonly positives: ReadonlyMap<string, readonly string[]>;
}

/** The two parts of TwitterPara, by their names in USEB's keys. */
export const twitterParts = ['twitterurl', 'pit'] as const;
export type TwitterPart = (typeof twitterParts)[number];

/** Tell paraphrases among pairs of tweets. */
export interface TwitterParaTask extends UsebTaskOf<'twitterpara'> {
  readonly pairs: Readonly<Record<TwitterPart, readonly LabelledPair[]>>;
}

export interface LabelledPair {
  /** Stripped. */
  readonly texts: readonly [string, string];
  /** How alike: above 3 is a paraphrase, below 3 is none, 3 is undecided. */
  readonly label: number;
}

/** How a paper may be related to the query. */
export const sciDocsRelations = ['cite', 'cocite', 'coview', 'coread'] as const;
export type SciDocsRelation = (typeof sciDocsRelations)[number];

/** Rank the candidates of a paper by their titles. */
export interface SciDocsTask extends UsebTaskOf<'scidocs'> {
  /** Paper id → stripped title, of the papers that have one. */
  readonly titles: ReadonlyMap<string, string>;
  /** Grades are 0 and 1. Queries and candidates without a title are in it, too. */
  readonly qrels: Readonly<Record<SciDocsRelation, Qrels>>;
}

/** What a system says about a task: similarities, or rankings by them. */
export type UsebScores =
  | {
      readonly dataset: 'askubuntu';
      /** For each query of the task one score a candidate, in their order. */
      readonly scores: Readonly<Record<AskUbuntuText, readonly Float32Array[]>>;
    }
  | {
      readonly dataset: 'cqadupstack';
      /** Forum → the first {@link cqaDupStackDepth} posts of every query. */
      readonly runs: ReadonlyMap<string, Run>;
    }
  | {
      readonly dataset: 'twitterpara';
      /** One cosine a pair. */
      readonly cosines: Readonly<Record<TwitterPart, Float32Array>>;
    }
  | {
      readonly dataset: 'scidocs';
      /** The titled candidates of the titled queries; the scores of `euclidean` are negative distances. */
      readonly runs: Readonly<Record<SciDocsRelation, Readonly<Record<SciDocsSimilarity, Run>>>>;
    };

export const sciDocsSimilarities = ['euclidean', 'cosine'] as const;
export type SciDocsSimilarity = (typeof sciDocsSimilarities)[number];

/** Posts a query that count in CQADupStack's MAP@100. */
export const cqaDupStackDepth = 100;

/** The text of a post that is embedded (`askubuntu.py`, `_get_sent`), stripped. */
export function askUbuntuText({ posts }: AskUbuntuTask, id: string, text: AskUbuntuText): string {
  const { title, body } = posts.get(id)!;
  if (text !== 'title_and_body') return text === 'title' ? title : body;
  return pythonStrip(`${title} ${body}`);
}

/** An object with a value for each key, in their order. */
export function recordOf<Key extends string, Value>(
  keys: readonly Key[],
  valueOf: (key: Key) => Value,
): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<Key, Value>;
}
