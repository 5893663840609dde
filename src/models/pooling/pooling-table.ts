import type { Value } from '../onnx/graph.js';
import type { TextRows } from './text-rows.js';

/**
 * A pooling: a way to turn a text's hidden states into one vector. The entry is its only description: command line
 * names, `all`, sentence-transformers folders, models exported for transformers.js and `models inspect` are derived
 * from it. docs/add-a-pooling.md has an example.
 */
export interface PoolingEntry {
  /** One line with the formula, over a text's tokens i = 1 … S with hidden states hᵢ. */
  readonly description: string;
  /** Paper or program that it comes from. */
  readonly source: string;
  /**
   * Hidden states that it reads:
   * - `one`: those of the requested layer
   * - `all`: those of every layer, embeddings included; `nodes` pools each layer, and the vectors are averaged
   * - `pooler`: those of the last layer; the checkpoint's own pooler turns the result of `nodes` into the vector
   */
  readonly takes: 'one' | 'all' | 'pooler';
  /** True if `--pooling all` includes it. */
  readonly inAll: boolean;
  /** Its configuration in sentence-transformers' Pooling, or null if that does not support it. */
  readonly sentenceTransformers: SentenceTransformersMode | null;
  /** Adds its nodes to a graph. @param hidden [tokens, size] @returns [texts, size] */
  readonly nodes: PoolingFormula;
}

export type PoolingFormula = (texts: TextRows, hidden: Value) => Value;

/** A mode of sentence-transformers' Pooling. */
export interface SentenceTransformersMode {
  /** Value of `pooling_mode`, written by newer versions. */
  readonly mode: string;
  /** Field that older versions set to true. */
  readonly flag: string;
  /** Rank of its vector, from 0, when several flags are set and the vectors are concatenated. */
  readonly order: number;
}

const mean: PoolingFormula = (texts, hidden) => texts.mean(hidden);
const lastToken: PoolingFormula = (texts, hidden) => texts.last(hidden);
const firstToken: PoolingFormula = (texts, hidden) => texts.first(hidden);

/** All poolings by name. Names are listed, and views of `all` are ordered, as in this table. */
export const poolingTable = {
  weightedmean: {
    description: 'Σ wᵢ hᵢ with wᵢ = i / Σ j: the mean, weighted by position',
    source: 'SGPT (Muennighoff 2022), eq. 2',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'weightedmean', flag: 'pooling_mode_weightedmean_tokens', order: 4 },
    nodes: (texts, hidden) => texts.weightedMean(texts.positionsFromOne(), hidden),
  },
  mean: {
    description: 'Σ hᵢ / S: the mean of all tokens',
    source: 'Sentence-BERT (Reimers and Gurevych 2019)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'mean', flag: 'pooling_mode_mean_tokens', order: 2 },
    nodes: mean,
  },
  lasttoken: {
    description: 'h_S: the last token',
    source: 'cpt-text (Neelakantan et al. 2022)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'lasttoken', flag: 'pooling_mode_lasttoken', order: 5 },
    nodes: lastToken,
  },
  cls: {
    description: 'h₁: the first token',
    source: 'BERT (Devlin et al. 2019)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'cls', flag: 'pooling_mode_cls_token', order: 0 },
    nodes: firstToken,
  },
  max: {
    description: 'max hᵢ: the largest value of each dimension',
    source: 'Sentence-BERT (Reimers and Gurevych 2019)',
    takes: 'one',
    inAll: true,
    sentenceTransformers: { mode: 'max', flag: 'pooling_mode_max_tokens', order: 1 },
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
    // It points in the same direction as `mean`, so rankings by cosine are the same.
    inAll: false,
    sentenceTransformers: { mode: 'mean_sqrt_len_tokens', flag: 'pooling_mode_mean_sqrt_len_tokens', order: 3 },
    nodes: (texts, hidden) => texts.graph.op('Mul', [texts.mean(hidden), texts.graph.op('Sqrt', [texts.lengths()])]),
  },
} as const satisfies Readonly<Record<string, PoolingEntry>>;
