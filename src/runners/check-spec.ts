import { InputError, unknownName } from '../core/errors.js';
import { precisions } from '../core/system-fields.js';
import {
  completeSpec,
  fields,
  flagOf,
  isDefault,
  isHosted,
  ruleOf,
  type Field,
  type PartialSpec,
  type SystemSpec,
} from '../core/system-spec.js';
import { findRunnerKind, runnerKindOf, runnerKinds } from './index.js';

/** Fields that every spec may set. */
const universalFields: readonly Field[] = ['runner'];

/**
 * Completes and checks a spec. This is the one place that rejects impossible combinations, before any file is opened. An
 * option that the runner or the model would not use is rejected, never ignored.
 * @throws InputError that names the option, and how to fix it
 */
export async function checkSpec(partial: PartialSpec): Promise<SystemSpec> {
  for (const name of partial.precision ?? [])
    if (!precisions.includes(name)) throw unknownName('precision', name, precisions);
  const spec = completeSpec(partial);
  const kind = runnerKindOf(spec.runner);
  if (kind.needsModel && spec.model === null)
    throw new InputError(`--runner ${kind.name} needs a model: give a model folder or a hub id with --model`);
  for (const field of fields) {
    if (universalFields.includes(field) || isDefault(field, spec[field])) continue;
    const { models, why } = ruleOf(field);
    if (models === 'hosted' && !isHosted(spec.model)) throw hostedOnlyError(field);
    if (!kind.uses.includes(field))
      throw new InputError(
        `${flagOf(field)} is not for the runner ${kind.name}; leave it out, or choose --runner ${runnersUsing(field).join(' or ')}`,
      );
    if (models === 'local' && isHosted(spec.model))
      throw new InputError(
        `${spec.model ?? kind.name}: ${why ?? 'it does not use this option'}; leave ${flagOf(field)} out`,
      );
  }
  await checkValues(spec);
  return spec;
}

/** True if a runner reads this field. */
export function usesField(runner: string, field: Field): boolean {
  return universalFields.includes(field) || findRunnerKind(runner)?.uses.includes(field) === true;
}

/** The error for a field of hosted models that is set for another model. */
export function hostedOnlyError(field: Field): InputError {
  return new InputError(`${flagOf(field)} is for hosted models; leave it out, or choose one with --model openai:NAME`);
}

/** The runners that read this field. */
export function runnersUsing(field: Field): string[] {
  return runnerKinds.filter(({ name }) => usesField(name, field)).map(({ name }) => name);
}

/** Checks values that can be invalid on their own or together; the others are checked when the model is opened. */
async function checkValues(spec: SystemSpec): Promise<void> {
  const { pooling, brackets, embedPrompt, queryPrompt, documentPrompt, instruction } = spec;
  const { prompt, bm25, maxTokens, tokenizer, model } = spec;
  if (isHosted(model)) (await import('../remote/index.js')).requireTokenizer({ maxTokens, tokenizer });
  if (bm25 !== null) (await import('../search/index.js')).bm25Settings(bm25);
  if (
    spec.onnxFile !== null &&
    (!/^[\w.-]+(\/[\w.-]+)*\.onnx$/.test(spec.onnxFile) || /(^|\/)\.\.?\//.test(spec.onnxFile))
  )
    throw new InputError(
      `--onnx-file ${spec.onnxFile}: expected the path of an .onnx file within the model's folder, as onnx/model_fp16.onnx`,
    );
  if (spec.rescore !== null && spec.precision.every((name) => name === 'float32'))
    throw new InputError('--rescore is for quantized vectors; leave it out, or add --precision int8 or binary');
  const prompts = [queryPrompt, documentPrompt];
  const around = [pooling.length === 0 ? null : pooling, embedPrompt, prompt, instruction];
  if (around.every((value) => value === null) && [brackets, ...prompts].every((value) => value === 'auto')) return;
  const models = await import('../models/index.js');
  for (const name of pooling) if (name !== 'all' && name !== 'own') models.parsePooling(name);
  if (embedPrompt !== null) models.parseEmbedPrompt(embedPrompt);
  if (prompt !== null) models.requirePrompt(prompt);
  models.resolveBrackets(brackets);
  models.refuseBracketsWithPrompt(brackets, embedPrompt);
  if (embedPrompt !== null && (instruction !== null || prompts.some((given) => given !== 'auto' && given !== 'none')))
    throw new InputError(
      '--embed-prompt is the whole prompt of queries and documents; leave --query-prompt, --document-prompt and --instruction out',
    );
  // Which instruction fills a prompt may depend on the task.
  models.parsePromptTemplate(queryPrompt, 'query', instruction ?? 'any');
  models.parsePromptTemplate(documentPrompt, 'document', instruction ?? 'any');
}
