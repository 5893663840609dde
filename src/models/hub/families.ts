import type { Role } from '../../core/model.js';
import type { Similarity } from '../../core/system-fields.js';

/** A family of published embedding models: how its publisher runs it. Hub ids are compared without organisation and case. */
export interface ModelFamily {
  readonly name: string;
  /** `model_type` of its configurations. */
  readonly architecture: string;
  /** Matches the last part of a hub id, or a folder's name, in lower case. */
  readonly ids: RegExp;
  readonly similarity: Similarity;
  /** As the publisher's files or model card say; for the table of models. */
  readonly pooling: string;
  /**
   * Prompts (text-prompts.ts has their placeholders), for models whose own files have none. `symmetric` is for tasks whose
   * texts are all of one kind. "" for none.
   */
  readonly prompts: Readonly<Record<Role | 'symmetric', string>>;
  /** Fills `{instruction}` where a task has none of its own. */
  readonly instruction?: string;
  /** Source of the prompts. */
  readonly source: string;
  /** One published score: nDCG@10 of a model of the family on NFCorpus, as the mteb results repository has it. */
  readonly published: { readonly model: string; readonly nfcorpus: number } | null;
}

const none = { query: '', document: '', symmetric: '' } as const;
const searching = 'Represent this sentence for searching relevant passages: ';
/** MS MARCO's instruction in the paper of E5-Mistral (Wang et al. 2024, table of instructions), which the model cards repeat. */
const webSearch = 'Given a web search query, retrieve relevant passages that answer the query';
const instruct = (blank: ' ' | ''): ModelFamily['prompts'] => {
  const template = `Instruct: {instruction}\nQuery:${blank}{text}`;
  return { query: template, document: '', symmetric: template };
};

/**
 * Families whose prompts or similarity are not, or not always, in their files. Sources are model cards, and the model
 * descriptions of mteb (embeddings-benchmark/mteb, commit a905523d), which its published results were computed with. Scores
 * are those of embeddings-benchmark/results, commit f4cc6c8b. The first family that matches counts.
 */
export const modelFamilies: readonly ModelFamily[] = [
  {
    name: 'SGPT',
    architecture: 'gpt_neo, gptj, bloom',
    ...{ ids: /^sgpt-/, similarity: 'cosine', pooling: 'weightedmean', prompts: none },
    source: 'Muennighoff/sgpt; brackets instead of prompts',
    published: { model: 'bigscience/sgpt-bloom-7b1-msmarco', nfcorpus: 0.35776 },
  },
  {
    name: 'E5-Mistral and kin',
    architecture: 'mistral',
    ids: /^(e5-mistral-7b-instruct|sfr-embedding-(mistral|2_r)|linq-embed-mistral)$/,
    ...{ similarity: 'cosine', pooling: 'lasttoken', prompts: instruct(' '), instruction: webSearch },
    source: 'model cards; mteb e5_instruct.py, salesforce_models.py, linq_models.py',
    published: { model: 'intfloat/e5-mistral-7b-instruct', nfcorpus: 0.38579 },
  },
  {
    name: 'multilingual E5, instructed',
    architecture: 'xlm-roberta',
    ids: /^multilingual-e5-large-instruct$/,
    ...{ similarity: 'cosine', pooling: 'mean', prompts: instruct(' '), instruction: webSearch },
    source: 'model card; mteb e5_instruct.py',
    published: { model: 'intfloat/multilingual-e5-large-instruct', nfcorpus: 0.36338 },
  },
  {
    name: 'multilingual E5',
    architecture: 'xlm-roberta, bert',
    ...{ ids: /^multilingual-e5-(small|base|large)$/, similarity: 'cosine', pooling: 'mean' },
    prompts: { query: 'query: ', document: 'passage: ', symmetric: 'query: ' },
    source: 'model card; mteb e5_models.py',
    published: { model: 'intfloat/multilingual-e5-base', nfcorpus: 0.3245 },
  },
  {
    name: 'E5',
    architecture: 'bert',
    ...{ ids: /^e5-(small|base|large)(-v2)?$/, similarity: 'cosine', pooling: 'mean' },
    prompts: { query: 'query: ', document: 'passage: ', symmetric: 'query: ' },
    source: 'model card; mteb e5_models.py',
    published: { model: 'intfloat/e5-base-v2', nfcorpus: 0.35389 },
  },
  {
    name: 'BGE, English',
    architecture: 'bert',
    ...{ ids: /^bge-(small|base|large)-en(-v1\.5)?$/, similarity: 'cosine', pooling: 'cls' },
    prompts: { ...none, query: searching },
    source: 'model card; mteb bge_models.py',
    published: { model: 'BAAI/bge-base-en-v1.5', nfcorpus: 0.37367 },
  },
  {
    name: 'BGE, Chinese',
    architecture: 'bert',
    ...{ ids: /^bge-(small|base|large)-zh(-v1\.5)?$/, similarity: 'cosine', pooling: 'cls' },
    prompts: { ...none, query: '为这个句子生成表示以用于检索相关文章：' },
    source: 'model card; mteb bge_models.py',
    published: null,
  },
  {
    name: 'BGE-M3',
    architecture: 'xlm-roberta',
    ...{ ids: /^bge-m3$/, similarity: 'cosine', pooling: 'cls', prompts: none },
    source: 'model card: no prompts',
    published: { model: 'BAAI/bge-m3', nfcorpus: 0.31411 },
  },
  {
    name: 'GTE-Qwen',
    architecture: 'qwen2',
    ids: /^gte-qwen(1\.5|2)-[\d.]+b-instruct$/,
    ...{ similarity: 'cosine', pooling: 'lasttoken', prompts: instruct(' '), instruction: webSearch },
    source: 'model card; mteb gte_models.py',
    published: { model: 'Alibaba-NLP/gte-Qwen2-1.5B-instruct', nfcorpus: 0.39341 },
  },
  {
    name: 'GTE',
    architecture: 'bert, new, modernbert',
    ids: /^gte-(small|base|large|multilingual-base|modernbert-base)(-zh|-en-v1\.5)?$/,
    ...{ similarity: 'cosine', pooling: 'mean; cls for v1.5, multilingual and ModernBERT', prompts: none },
    source: 'model cards; mteb gte_models.py: no prompts',
    published: { model: 'thenlper/gte-base', nfcorpus: 0.37897 },
  },
  {
    name: 'Qwen3-Embedding',
    architecture: 'qwen3',
    ids: /^qwen3-embedding-[\d.]+b(-onnx)?$/,
    ...{ similarity: 'cosine', pooling: 'lasttoken', prompts: instruct(''), instruction: webSearch },
    source: 'model card; mteb qwen3_models.py',
    published: { model: 'Qwen/Qwen3-Embedding-0.6B', nfcorpus: 0.36709 },
  },
  {
    name: 'Nomic Embed',
    architecture: 'nomic_bert, modernbert',
    ids: /^(nomic-embed-text-v[12]\S*|modernbert-embed-(base|large))$/,
    ...{ similarity: 'cosine', pooling: 'mean' },
    prompts: { query: 'search_query: ', document: 'search_document: ', symmetric: 'classification: ' },
    source: 'model cards; mteb nomic_models.py (STS: classification)',
    published: { model: 'nomic-ai/nomic-embed-text-v1.5', nfcorpus: 0.34673 },
  },
  {
    name: 'EmbeddingGemma',
    architecture: 'gemma3_text',
    ids: /^embeddinggemma-300m(-onnx)?$/,
    ...{ similarity: 'cosine', pooling: 'mean, two Dense, Normalize' },
    prompts: {
      query: 'task: search result | query: ',
      document: 'title: none | text: ',
      symmetric: 'task: sentence similarity | query: ',
    },
    source: 'model card (title: none also where there is a title, as sentence-transformers runs it)',
    published: null,
  },
  {
    name: 'Arctic Embed 2',
    architecture: 'xlm-roberta, gte',
    ...{ ids: /^snowflake-arctic-embed-[ml]-v2\.0$/, similarity: 'cosine', pooling: 'cls' },
    prompts: { ...none, query: 'query: ' },
    source: 'model card',
    published: { model: 'Snowflake/snowflake-arctic-embed-m-v2.0', nfcorpus: 0.3587 },
  },
  {
    name: 'Arctic Embed',
    architecture: 'bert, nomic_bert',
    ...{ ids: /^snowflake-arctic-embed-(xs|s|m|l|m-long|m-v1\.5)$/, similarity: 'cosine', pooling: 'cls' },
    prompts: { ...none, query: searching },
    source: 'model card; mteb arctic_models.py',
    published: { model: 'Snowflake/snowflake-arctic-embed-m', nfcorpus: 0.36767 },
  },
  {
    name: 'mxbai and UAE',
    architecture: 'bert',
    ids: /^(mxbai-embed-(large|2d-large)-v1|uae-large-v1)$/,
    ...{ similarity: 'cosine', pooling: 'cls', prompts: { ...none, query: searching } },
    source: 'model cards; mteb mixedbread_ai_models.py, uae_models.py',
    published: { model: 'mixedbread-ai/mxbai-embed-large-v1', nfcorpus: 0.38666 },
  },
  {
    name: 'Instructor',
    architecture: 't5',
    ids: /^instructor-(base|large|xl)$/,
    ...{ similarity: 'cosine', pooling: 'mean without the prompt, Dense, Normalize' },
    // The instructions differ by task in the publisher's evaluation; these are the examples of the model card.
    prompts: {
      query: 'Represent the Wikipedia question for retrieving supporting documents: ',
      document: 'Represent the Wikipedia document for retrieval: ',
      symmetric: 'Represent the Science sentence: ',
    },
    source: "model card's examples",
    published: null,
  },
  {
    name: 'Contriever',
    architecture: 'bert',
    ids: /^m?contriever(-msmarco)?$/,
    ...{ similarity: 'dot', pooling: 'mean (name it: --pooling mean)', prompts: none },
    source: 'model card; mteb sentence_transformers_models.py (dot)',
    published: null,
  },
  {
    name: 'models for inner products',
    architecture: 'distilbert, mpnet, bert, roberta',
    ids: /^(multi-qa-\S+-dot-v\d|msmarco-\S+-dot-\S+|msmarco-\S+-tas-b|msmarco-\S+-ance-\S+|facebook-dpr-\S+)$/,
    ...{ similarity: 'dot', pooling: 'by their files', prompts: none },
    source: 'model cards of sentence-transformers; mteb sentence_transformers_models.py (multi-qa-mpnet-base-dot-v1)',
    published: null,
  },
  {
    name: "sentence-transformers' own",
    architecture: 'bert, mpnet, roberta, t5',
    ids: /^(all|paraphrase|multi-qa|msmarco|gtr|sentence-t5)-\S+$/,
    ...{ similarity: 'cosine', pooling: 'by their files', prompts: none },
    source: 'model cards: no prompts',
    published: { model: 'sentence-transformers/all-MiniLM-L6-v2', nfcorpus: 0.31594 },
  },
];

/**
 * The family that a model belongs to.
 * @param names its hub id or folder, then other names (`_name_or_path`); with or without organisation and revision
 */
export function familyOf(...names: readonly string[]): ModelFamily | undefined {
  const lastParts = names.map(
    (name) => name.toLowerCase().replace(/@.*$/, '').split(/[/\\]/).filter(Boolean).at(-1) ?? '',
  );
  return modelFamilies.find(({ ids }) => lastParts.some((name) => ids.test(name)));
}

/**
 * Instructions per task, for models that take one: those of mteb's task descriptions (embeddings-benchmark/mteb, commit
 * a905523d, `prompt` of each task), which repeat the table of E5-Mistral's paper. A task that mteb gives none has none here.
 */
const taskInstructions: Readonly<Record<string, string>> = {
  'beir/msmarco': webSearch,
  'beir/trec-covid': 'Given a query on COVID-19, retrieve documents that answer the query',
  'beir/nfcorpus': 'Given a question, retrieve relevant documents that best answer the question',
  'beir/nq': 'Given a question, retrieve Wikipedia passages that answer the question',
  'beir/hotpotqa': 'Given a multi-hop question, retrieve documents that can help answer the question',
  'beir/fiqa': 'Given a financial question, retrieve user replies that best answer the question',
  'beir/arguana': 'Given a claim, find documents that refute the claim',
  'beir/webis-touche2020': 'Given a question, retrieve detailed and persuasive arguments that answer the question',
  // mteb's bidirlm_models.py; its task descriptions have none.
  'beir/cqadupstack':
    'Given a question, retrieve detailed question descriptions from Stackexchange that are duplicates to the given question',
  'beir/quora': 'Given a question, retrieve questions that are semantically equivalent to the given question',
  'beir/dbpedia-entity': 'Given a query, retrieve relevant entity descriptions from DBPedia',
  'beir/scidocs': 'Given a scientific paper title, retrieve paper abstracts that are cited by the given paper',
  'beir/fever': 'Given a claim, retrieve documents that support or refute the claim',
  'beir/climate-fever': 'Given a claim about climate change, retrieve documents that support or refute the claim',
  'beir/scifact': 'Given a scientific claim, retrieve documents that support or refute the claim',
};

/** mteb's instruction for tasks of semantic similarity (`abstask_prompt` of its STS tasks). */
export const symmetricInstruction = 'Retrieve semantically similar text.';

/** A task's instruction; a forum of CQADupStack has that of the whole. Null if none is known. */
export function knownInstruction(task: string): string | null {
  const whole = task.split('/').slice(0, 2).join('/');
  return Object.hasOwn(taskInstructions, whole) ? taskInstructions[whole]! : null;
}

/** The families as a table of texts, with its heading: for `models list` and docs/models.md. */
export function familyRows(): string[][] {
  const shown = (prompt: string): string => (prompt === '' ? '-' : prompt.replaceAll('\n', String.raw`\n`));
  const rows = modelFamilies.map(({ name, architecture, similarity, pooling, prompts, published }) => [
    ...[name, architecture, similarity, pooling, shown(prompts.query), shown(prompts.document)],
    published === null ? '-' : `${published.model} ${published.nfcorpus.toFixed(4)}`,
  ]);
  const head = ['family', 'architectures', 'similarity', 'pooling', 'query prompt', 'document prompt', 'NFCorpus'];
  return [head, ...rows];
}
