import { InputError } from '../core/errors.js';
import { fields, flagOf, ruleOf, type Field, type PartialSpec, type SystemSpec } from '../core/system-spec.js';
import { checkSpec, hostedOnlyError, runnersUsing, usesField } from './check-spec.js';
import { runnerKindOf, runnerKinds } from './index.js';

/** Values for several systems: lists of runners, models and prompts, and fields that all of them share. */
export interface SystemValues extends Partial<Omit<PartialSpec, 'runner' | 'model' | 'prompt'>> {
  /** Default: bi-encoder if models are given, else bm25. */
  readonly runner?: readonly string[];
  readonly model?: readonly string[];
  /** Default: the task's prompts, or else G. */
  readonly prompt?: readonly string[];
}

/**
 * One checked system per runner, model and prompt, in the order of the table of runners.
 * @throws InputError for a value that none of the systems would use, and as {@link checkSpec}
 */
export async function specsOf(values: SystemValues): Promise<SystemSpec[]> {
  const { model: models = [], prompt: prompts = [] } = values;
  const named = values.runner ?? [models.length > 0 ? 'bi-encoder' : 'bm25'];
  const kinds = named.map(runnerKindOf);
  const ordered = runnerKinds.filter((kind) => kinds.includes(kind));
  const given = fields.filter((field) => field !== 'runner' && values[field] !== undefined);
  const unused = given.find((field) => !ordered.some(({ name }) => usesField(name, field)));
  if (unused !== undefined) throw unusedError(unused, named);
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

function unusedError(field: Field, runners: readonly string[]): InputError {
  if (ruleOf(field).models === 'hosted') return hostedOnlyError(field);
  return new InputError(
    `${flagOf(field)} is not for --runner ${runners.join(',')}; leave it out, or choose --runner ${runnersUsing(field).join(' or ')}`,
  );
}
