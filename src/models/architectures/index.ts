import { InputError, UnsupportedModelError } from '../../core/errors.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Architecture } from './architecture.js';
import type { ModelFiles } from './config.js';
import { attentionOf } from './model-class.js';

export type { Architecture } from './architecture.js';

/** Supported architectures by `model_type` of config.json, loaded on first use. */
const factories: Readonly<Record<string, (files: ModelFiles) => Promise<Architecture>>> = {
  bert: async (files) => (await import('./bert.js')).bert(files),
  bloom: async (files) => (await import('./bloom.js')).bloom(files),
  camembert: async (files) => (await import('./roberta.js')).roberta(files),
  'deberta-v2': async (files) => (await import('./deberta.js')).debertaV2(files),
  distilbert: async (files) => (await import('./distilbert.js')).distilBert(files),
  electra: async (files) => (await import('./electra.js')).electra(files),
  gemma: async (files) => (await import('./gemma.js')).gemma(files),
  gemma2: async (files) => (await import('./gemma.js')).gemma2(files),
  gemma3_text: async (files) => (await import('./gemma3.js')).gemma3(files),
  // transformers' class, and the publisher's code; they differ in a default.
  gte: async (files) => (await import('./gte.js')).gte(files, 160_000),
  new: async (files) => (await import('./gte.js')).gte(files, 10_000),
  gpt2: async (files) => (await import('./gpt2.js')).gpt2(files),
  gpt_neo: async (files) => (await import('./gpt-neo.js')).gptNeo(files),
  gpt_neox: async (files) => (await import('./gpt-neox.js')).gptNeoX(files),
  gptj: async (files) => (await import('./gptj.js')).gptj(files),
  llama: async (files) => (await import('./llama.js')).llama(files),
  mistral: async (files) => (await import('./mistral.js')).mistral(files),
  modernbert: async (files) => (await import('./modernbert.js')).modernBert(files),
  mpnet: async (files) => (await import('./mpnet.js')).mpnet(files),
  nomic_bert: async (files) => (await import('./nomic-bert.js')).nomicBert(files),
  opt: async (files) => (await import('./opt.js')).opt(files),
  phi3: async (files) => (await import('./phi3.js')).phi3(files),
  qwen2: async (files) => (await import('./qwen.js')).qwen2(files),
  qwen3: async (files) => (await import('./qwen.js')).qwen3(files),
  roberta: async (files) => (await import('./roberta.js')).roberta(files),
  model2vec: async (files) => (await import('./static-embedding.js')).staticEmbedding(files),
  'static-embedding': async (files) => (await import('./static-embedding.js')).staticEmbedding(files),
  t5: async (files) => (await import('./t5.js')).t5(files),
  'xlm-roberta': async (files) => (await import('./roberta.js')).roberta(files),
};

/** The supported values of `model_type`. */
export const supportedArchitectures: readonly string[] = Object.keys(factories).sort();

/** @throws InputError for a `model_type` or a class that is not supported, or an invalid configuration */
export async function architectureOf(checkpoint: Checkpoint): Promise<Architecture> {
  const { modelType, configPath } = checkpoint;
  const factory = Object.hasOwn(factories, modelType) ? factories[modelType] : undefined;
  if (factory === undefined)
    throw new UnsupportedModelError(
      `${configPath}: model_type "${modelType}" is not supported; supported: ${supportedArchitectures.join(', ')}`,
    );
  const architecture = await factory({ ...checkpoint, attention: await attentionOf(checkpoint) });
  refuseOtherLayers(checkpoint, architecture);
  return architecture;
}

/**
 * Checks the configured number of layers. If the weights have more, the model would run and give other vectors. If the
 * configuration claims more layers than there are tensors, lists of layers could fill the memory before a missing
 * tensor is noticed.
 */
function refuseOtherLayers({ configPath, tensors }: Checkpoint, architecture: Architecture): void {
  const { layers } = architecture;
  if (layers > tensors.size)
    throw new InputError(
      `${configPath}: says ${layers} layers, but the weights have ${tensors.size} tensors in all; the configuration of another model?`,
    );
  for (const name of tensors.keys()) {
    const layer = /(?:^|\.)(?:h|block|layers?)\.(\d+)\./.exec(name)?.[1];
    if (layer !== undefined && Number(layer) >= layers && architecture.isParameter(name))
      throw new InputError(
        `${configPath}: says ${layers} layers, but the weights have more, as tensor "${name}"; the configuration of another model?`,
      );
  }
}
