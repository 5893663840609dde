import { InputError } from '../core/errors.js';
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

/** Fields that every spec may have, whatever its runner reads. */
const always: readonly Field[] = ['runner'];

/**
 * A whole spec, checked: the one place that refuses what cannot be combined, before any file is opened. An option that the
 * runner or the model would not use is refused, never ignored.
 * @throws InputError that names the option, and what to do
 */
export async function checkSpec(partial: PartialSpec): Promise<SystemSpec> {
  const spec = completeSpec(partial);
  const kind = runnerKindOf(spec.runner);
  if (kind.needsModel && spec.model === null)
    throw new InputError(`--runner ${kind.name} needs a model: give a model folder or a hub id with --model`);
  for (const field of fields) {
    if (always.includes(field) || isDefault(field, spec[field])) continue;
    const { models, why } = ruleOf(field);
    if (models === 'hosted' && !isHosted(spec.model)) throw forHostedModels(field);
    if (!kind.uses.includes(field))
      throw new InputError(
        `${flagOf(field)} is not for the runner ${kind.name}; leave it out, or choose --runner ${usersOf(field).join(' or ')}`,
      );
    if (models === 'local' && isHosted(spec.model))
      throw new InputError(`${spec.model ?? kind.name}: ${why ?? 'it has no use for it'}; leave ${flagOf(field)} out`);
  }
  await checkValues(spec);
  return spec;
}

/** Whether a runner reads a field. */
export function usesField(runner: string, field: Field): boolean {
  return always.includes(field) || findRunnerKind(runner)?.uses.includes(field) === true;
}

/** What to say of a field of hosted models where there is none. */
export function forHostedModels(field: Field): InputError {
  return new InputError(`${flagOf(field)} is for hosted models; leave it out, or choose one with --model openai:NAME`);
}

/** The runners that read a field. */
export function usersOf(field: Field): string[] {
  return runnerKinds.filter(({ name }) => usesField(name, field)).map(({ name }) => name);
}

/** Values that can be wrong by themselves, or beside each other; what depends on the model is found when it is opened. */
async function checkValues(spec: SystemSpec): Promise<void> {
  const { pooling, brackets, embedPrompt, prompt, bm25, maxTokens, tokenizer, model } = spec;
  if (isHosted(model)) (await import('../remote/index.js')).requireTokenizer({ maxTokens, tokenizer });
  if (bm25 !== null) (await import('../search/index.js')).bm25Settings(bm25);
  if (pooling.length === 0 && embedPrompt === null && prompt === null && brackets === 'auto') return;
  const models = await import('../models/index.js');
  for (const name of pooling) if (name !== 'all' && name !== 'own') models.parsePooling(name);
  if (embedPrompt !== null) models.parseEmbedPrompt(embedPrompt);
  if (prompt !== null) models.requirePrompt(prompt);
  models.resolveBrackets(brackets);
  models.requireOneMark(brackets, embedPrompt);
}
