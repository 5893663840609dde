import { InputError } from '../core/errors.js';
import { fields, flagOf, ruleOf, type Field, type PartialSpec, type SystemSpec } from '../core/system-spec.js';
import { checkSpec, forHostedModels, usersOf, usesField } from './check-spec.js';
import { runnerKindOf, runnerKinds } from './index.js';

/** Values for several systems at once: lists of runners, models and prompts, and what all of them share. */
export interface SystemValues extends Partial<Omit<PartialSpec, 'runner' | 'model' | 'prompt'>> {
  /** By default bi-encoder where there are models, else bm25. */
  readonly runner?: readonly string[];
  readonly model?: readonly string[];
  /** By default those that the task asks for, or else G. */
  readonly prompt?: readonly string[];
}

/**
 * One system per runner, model and prompt, checked, in the order of the table of runners.
 * @throws InputError for a value that none of the systems would use, and as {@link checkSpec}
 */
export async function specsOf(values: SystemValues): Promise<SystemSpec[]> {
  const { model: models = [], prompt: prompts = [] } = values;
  const named = values.runner ?? [models.length > 0 ? 'bi-encoder' : 'bm25'];
  const kinds = named.map(runnerKindOf);
  const ordered = runnerKinds.filter((kind) => kinds.includes(kind));
  const given = fields.filter((field) => field !== 'runner' && values[field] !== undefined);
  const unused = given.find((field) => !ordered.some(({ name }) => usesField(name, field)));
  if (unused !== undefined) throw unusedBy(unused, named);
  const specs: SystemSpec[] = [];
  for (const { name, needsModel } of ordered) {
    const own = given.filter((field) => usesField(name, field));
    const common = Object.fromEntries(own.map((field) => [field, values[field]]));
    for (const model of needsModel && models.length > 0 ? models : [null])
      for (const prompt of usesField(name, 'prompt') && prompts.length > 0 ? prompts : [null])
        specs.push(await checkSpec({ ...common, runner: name, model, prompt }));
  }
  return specs;
}

function unusedBy(field: Field, runners: readonly string[]): InputError {
  if (ruleOf(field).models === 'hosted') return forHostedModels(field);
  return new InputError(
    `${flagOf(field)} is not for --runner ${runners.join(',')}; leave it out, or choose --runner ${usersOf(field).join(' or ')}`,
  );
}
