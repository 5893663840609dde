import type { Value } from '../onnx/graph.js';
import type { TextRows } from './text-rows.js';

/**
 * A way to make one vector of a text's hidden states. What is written here is all that there is to say about a pooling:
 * names on the command line, `all`, sentence-transformers' folders, models exported for transformers.js and
 * `models inspect` go by these entries. docs/add-a-pooling.md has an example.
 */
export interface PoolingEntry {
  /** One line with the formula, over a text's tokens i = 1 … S with hidden states hᵢ. */
  readonly description: string;
  /** The paper or program that it comes from. */
  readonly source: string;
  /**
   * Which hidden states it is made from:
   * - `one`: those of the layer asked for
   * - `all`: of every layer, embeddings included; each is pooled by `nodes`, and the vectors are averaged
   * - `pooler`: those of the last layer; the checkpoint's own pooler turns what `nodes` yields into the vector
   */
  readonly takes: 'one' | 'all' | 'pooler';
  /** Whether it is among what `all` stands for. */
  readonly inAll: boolean;
  /** How sentence-transformers' Pooling configures it, or null where it does not have it. */
  readonly sentenceTransformers: SentenceTransformersMode | null;
  /** Adds its nodes to a graph. @param hidden [tokens, size] @returns [texts, size] */
  readonly nodes: PoolingFormula;
}

export type PoolingFormula = (texts: TextRows, hidden: Value) => Value;

/** A mode of sentence-transformers' Pooling. */
export interface SentenceTransformersMode {
  /** The value of `pooling_mode`, which newer versions write. */
  readonly mode: string;
  /** The field that older versions set to true. */
  readonly flag: string;
  /** Where its vector stands, from 0, when several flags are set and the vectors are concatenated. */
  readonly place: number;
}

const mean: PoolingFormula = (texts, hidden) => texts.mean(hidden);
const lastToken: PoolingFormula = (texts, hidden) => texts.last(hidden);
const firstToken: PoolingFormula = (texts, hidden) => texts.first(hidden);

/** Every pooling by its name, in the order in which names are listed and `all` yields its views. */
export const poolingTable = {
  weightedmean: {
    description: 'Σ wᵢ hᵢ with wᵢ = i / Σ j: the mean, weighted by position',
    source: 'SGPT (Muennighoff 2022), eq. 2',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'weightedmean', flag: 'pooling_mode_weightedmean_tokens', place: 4 },
    nodes: (texts, hidden) => texts.weightedMean(texts.places(), hidden),
  },
  mean: {
    description: 'Σ hᵢ / S: the mean of all tokens',
    source: 'Sentence-BERT (Reimers and Gurevych 2019)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'mean', flag: 'pooling_mode_mean_tokens', place: 2 },
    nodes: mean,
  },
  lasttoken: {
    description: 'h_S: the last token',
    source: 'cpt-text (Neelakantan et al. 2022)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'lasttoken', flag: 'pooling_mode_lasttoken', place: 5 },
    nodes: lastToken,
  },
  cls: {
    description: 'h₁: the first token',
    source: 'BERT (Devlin et al. 2019)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'cls', flag: 'pooling_mode_cls_token', place: 0 },
    nodes: firstToken,
  },
  max: {
    description: 'max hᵢ: the largest value of each dimension',
    source: 'Sentence-BERT (Reimers and Gurevych 2019)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'max', flag: 'pooling_mode_max_tokens', place: 1 },
    nodes: (texts, hidden) => texts.max(hidden),
  },
  meanmean: {
    description: 'Σ hᵢ / S, averaged over all hidden states',
    source: "SGPT's program (Muennighoff 2022), --method meanmean",
    takes: 'all',
    inAll: true,
    sentenceTransformers: null,
    nodes: mean,
  },
  lasttokenmean: {
    description: 'h_S, averaged over all hidden states',
    source: "SGPT's program (Muennighoff 2022), --method lasttokenmean",
    takes: 'all',
    inAll: true,
    sentenceTransformers: null,
    nodes: lastToken,
  },
  pooler: {
    description: "the model's own pooler, where it has one: tanh(W h₁ + b) in BERT and its kin",
    source: 'BERT (Devlin et al. 2019)',
    takes: 'pooler',
    inAll: true,
    sentenceTransformers: null,
    nodes: firstToken,
  },
  mean_sqrt_len_tokens: {
    description: 'Σ hᵢ / √S: the sum of all tokens over the root of their number',
    source: "sentence-transformers' Pooling",
    takes: 'one',
    // It has the direction of `mean`: by cosine, both find the same.
    inAll: false,
    sentenceTransformers: { mode: 'mean_sqrt_len_tokens', flag: 'pooling_mode_mean_sqrt_len_tokens', place: 3 },
    nodes: (texts, hidden) => texts.graph.op('Mul', [texts.mean(hidden), texts.graph.op('Sqrt', [texts.lengths()])]),
  },
} as const satisfies Readonly<Record<string, PoolingEntry>>;
