import { basename } from 'node:path';
import { z } from 'zod';
import { InputError, UnsupportedModelError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import type { AttentionKind } from './decoder-attention.js';

/** What is known about the classes of a `model_type`. */
interface KnownClasses {
  /** How all names in `architectures` begin, and what may follow. */
  readonly names: readonly [start: string, ends: readonly string[]];
  /** Other names in `architectures` of models that are nothing else. */
  readonly others?: readonly string[];
  /** Classes in a repository's own code (`auto_map`, without the repository's name) that compute the same. */
  readonly ownCode?: readonly string[];
  /** True if that code is bidirectional unless told otherwise: `is_causal` must be given. */
  readonly saysCausal?: boolean;
  /**
   * Which tokens a token sees: always the same, or what a field of config.json says, which is causal if it is missing.
   */
  readonly attention: AttentionKind | 'is_causal' | 'use_bidirectional_attention';
}

const heads = ['Model', 'ForSequenceClassification', 'ForTokenClassification', 'ForQuestionAnswering'];
const decoderHeads = [...heads, 'ForCausalLM'];
const encoderHeads = [...heads, 'ForMaskedLM', 'ForPreTraining', 'ForMultipleChoice', 'ForNextSentencePrediction'];

const causal = (start: string): KnownClasses => ({ names: [start, decoderHeads], attention: 'causal' });
const either = (start: string): KnownClasses => ({ names: [start, decoderHeads], attention: 'is_causal' });
const encoder = (start: string): KnownClasses => ({ names: [start, encoderHeads], attention: 'bidirectional' });

/** By `model_type`. */
const knownClasses: Readonly<Record<string, KnownClasses>> = {
  bert: { ...encoder('Bert'), others: ['Contriever'] },
  bloom: causal('Bloom'),
  camembert: encoder('Camembert'),
  'deberta-v2': encoder('DebertaV2'),
  distilbert: encoder('DistilBert'),
  electra: encoder('Electra'),
  gemma: either('Gemma'),
  gemma2: either('Gemma2'),
  gemma3_text: {
    names: ['Gemma3', [...decoderHeads, 'TextModel', 'TextForSequenceClassification']],
    attention: 'use_bidirectional_attention',
  },
  gpt2: { names: ['GPT2', [...decoderHeads, 'LMHeadModel', 'DoubleHeadsModel']], attention: 'causal' },
  gpt_neo: causal('GPTNeo'),
  gpt_neox: causal('GPTNeoX'),
  gptj: causal('GPTJ'),
  gte: {
    ...encoder('Gte'),
    ownCode: ['modeling_hf_alibaba_nlp_gte.GteModel', 'modeling_hf_alibaba_nlp_gte.GteForMaskedLM'],
  },
  llama: either('Llama'),
  mistral: either('Mistral'),
  model2vec: { names: ['Static', ['Model']], attention: 'bidirectional' },
  modernbert: encoder('ModernBert'),
  mpnet: encoder('MPNet'),
  new: { ...encoder('New'), ownCode: encoderHeads.map((end) => `modeling.New${end}`) },
  nomic_bert: { ...encoder('NomicBert'), ownCode: encoderHeads.map((end) => `modeling_hf_nomic_bert.NomicBert${end}`) },
  opt: causal('OPT'),
  phi3: { ...either('Phi3'), ownCode: ['modeling_phi3.Phi3Model', 'modeling_phi3.Phi3ForCausalLM'] },
  qwen2: {
    ...either('Qwen2'),
    // gte-Qwen2, whose code does what `is_causal` in transformers does.
    ownCode: ['modeling_qwen.Qwen2Model', 'modeling_qwen.Qwen2ForCausalLM'],
    saysCausal: true,
  },
  qwen3: either('Qwen3'),
  roberta: encoder('Roberta'),
  'static-embedding': { names: ['StaticEmbedding', ['']], attention: 'bidirectional' },
  t5: {
    names: ['T5', ['EncoderModel', 'Model', 'ForConditionalGeneration', 'WithLMHeadModel']],
    attention: 'bidirectional',
  },
  'xlm-roberta': encoder('XLMRoberta'),
};

const configSchema = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  auto_map: z.record(z.string(), z.unknown()).nullish(),
  is_causal: z.boolean().nullish(),
  use_bidirectional_attention: z.boolean().nullish(),
});

/**
 * Decides which tokens a model's tokens see, if no experiment asks for something else (`Tokens.isCausal`).
 * @throws InputError for a class, or a repository's own code, that may compute something else than the class of
 * transformers, and for attention that the `model_type` does not have
 */
export async function attentionOf({
  configPath,
  modelType,
}: {
  readonly configPath: string;
  readonly modelType: string;
}): Promise<AttentionKind> {
  const known = Object.hasOwn(knownClasses, modelType) ? knownClasses[modelType] : undefined;
  if (known === undefined) throw new Error(`model_type ${modelType} has no known classes`);
  // A static embedding may have no config.json.
  const hasConfig = basename(configPath) === 'config.json';
  const config = hasConfig ? await readJson(configPath, configSchema, "a Hugging Face model's configuration") : {};
  for (const name of config.architectures ?? []) refuseOtherClass(configPath, name, known);
  refuseOtherCode(configPath, config.auto_map ?? {}, known);
  if (known.saysCausal === true && config.auto_map != null && config.is_causal == null)
    throw new InputError(`${configPath}: field "is_causal" is missing; the model's own code needs it to be told`);

  const { attention } = known;
  const configured = {
    is_causal: config.is_causal === false,
    use_bidirectional_attention: config.use_bidirectional_attention === true,
  };
  if (attention === 'bidirectional') return attention;
  for (const field of ['is_causal', 'use_bidirectional_attention'] as const)
    if (configured[field] && attention !== field)
      throw new UnsupportedModelError(
        `${configPath}: field "${field}": attention to later tokens is not supported for ${modelType}` +
          (attention === 'causal' ? '' : ` by this field, only by "${attention}"`),
      );
  return attention !== 'causal' && configured[attention] ? 'bidirectional' : 'causal';
}

function refuseOtherClass(configPath: string, name: string, { names: [start, ends], others = [] }: KnownClasses): void {
  if (others.includes(name) || ends.some((end) => name === start + end)) return;
  throw new UnsupportedModelError(
    `${configPath}: field "architectures": the class ${name} is not known, and may compute something else than ${start}Model; ` +
      `if it does not, write ${start}Model there`,
  );
}

function refuseOtherCode(
  configPath: string,
  autoMap: Readonly<Record<string, unknown>>,
  { names: [start], ownCode = [] }: KnownClasses,
): void {
  for (const [auto, value] of Object.entries(autoMap)) {
    if (!auto.startsWith('AutoModel') || typeof value !== 'string') continue;
    const code = value.slice(value.lastIndexOf('--') + 1).replace(/^-/, '');
    if (ownCode.includes(code)) continue;
    throw new UnsupportedModelError(
      `${configPath}: field "auto_map": the model has code of its own (${value}), which is not run and may compute ` +
        `something else than ${start}Model; if it does not, remove the field`,
    );
  }
}
