import { z } from 'zod';
import { InputError } from './errors.js';
import type { Setting, Settings } from './setting.js';
import { systemFields, type FieldRule } from './system-fields.js';

type Table = typeof systemFields;
export type Field = keyof Table;

/** All fields, in the order of the table. */
export const fields = Object.keys(systemFields) as readonly Field[];

/**
 * A system as requested: a runner, and a value for every field that a runner may read. Command-line options, plans, queue
 * jobs, keys of stored vectors and records are all derived from the table of fields.
 */
export const systemSpecSchema = z.strictObject(
  Object.fromEntries(fields.map((field) => [field, systemFields[field].schema])) as {
    [F in Field]: Table[F]['schema'];
  },
);
export type SystemSpec = z.output<typeof systemSpecSchema>;
/** A spec in which fields with default values may be missing. */
export type PartialSpec = z.input<typeof systemSpecSchema>;

/** Adds the defaults of missing fields. */
export function completeSpec(spec: PartialSpec): SystemSpec {
  return systemSpecSchema.parse(spec);
}

/** Values of some fields; missing ones have their defaults. */
export type FieldValues<F extends Field> = { readonly [K in F]?: SystemSpec[K] | undefined };

/**
 * The values of some fields, with the defaults of missing ones.
 * @throws InputError for an invalid value
 */
export function completeFields<F extends Field>(names: readonly F[], values: FieldValues<F>): Pick<SystemSpec, F> {
  const entries = names.map((name) => {
    const parsed = systemFields[name].schema.safeParse(values[name]);
    if (parsed.success) return [name, parsed.data];
    throw new InputError(
      `${name}: ${JSON.stringify(values[name])} is not possible: ${parsed.error.issues[0]!.message}`,
    );
  });
  return Object.fromEntries(entries) as Pick<SystemSpec, F>;
}

export function ruleOf(field: Field): FieldRule {
  return systemFields[field].rule;
}

/** True if this is the field's default value. */
export function isDefault(field: Field, value: unknown): boolean {
  const byDefault = systemFields[field].schema.safeParse(undefined);
  return byDefault.success && JSON.stringify(value) === JSON.stringify(byDefault.data);
}

/** The allowed values of a field, if they are an enumeration. */
export function choicesOf(field: Field): readonly string[] | undefined {
  const schema: unknown = systemFields[field].schema;
  const given: unknown = schema instanceof z.ZodDefault ? schema.def.innerType : schema;
  const inner: unknown = given instanceof z.ZodNullable ? given.def.innerType : given;
  return inner instanceof z.ZodEnum ? inner.options.map(String) : undefined;
}

/** The option of the command line that sets a field: `--embed-prompt` for `embedPrompt`. */
export function flagOf(field: Field): string {
  return `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

type FieldsWhere<Part> = { [F in Field]: Table[F]['rule'] extends Part ? F : never }[Field];

/** The fields that models of one kind can use and that stored numbers of one kind depend on. */
type KeyedBy<Key extends string, Models extends 'local' | 'hosted'> = Exclude<
  FieldsWhere<{ key: Key | 'both' | (Key extends 'vectors' ? 'queries' | 'documents' : never) }>,
  FieldsWhere<{ models: Models extends 'local' ? 'hosted' : 'local' }>
>;

/**
 * A setting for each field that a stored vector (or score) depends on, by who computes it: a model that runs here, or one
 * behind a server. An encoder or scorer must state all of its own.
 */
export interface StatedSettings {
  readonly 'local vectors': Readonly<Record<KeyedBy<'vectors', 'local'>, Setting>>;
  readonly 'local scores': Readonly<Record<KeyedBy<'scores', 'local'>, Setting>>;
  readonly 'hosted vectors': Readonly<Record<KeyedBy<'vectors', 'hosted'>, Setting>>;
  readonly 'hosted scores': Readonly<Record<KeyedBy<'scores', 'hosted'>, Setting>>;
}

/**
 * The settings of an opened model for records and keys: every field that its numbers depend on, in the form in which it took
 * effect, except fields that equal their `omittedValue`.
 * @param more settings that are not fields, from the model's own files
 */
export function modelSettings<Kind extends keyof StatedSettings>(
  _of: Kind,
  values: StatedSettings[Kind],
  more: Settings = {},
): Settings {
  return { ...withoutOmitted(values), ...more };
}

/** The settings without fields that equal their `omittedValue`. */
export function withoutOmitted(values: Settings): Settings {
  const kept = Object.entries(values).filter(([name, value]) => {
    const rule = Object.hasOwn(systemFields, name) ? ruleOf(name as Field) : undefined;
    return rule?.omittedValue === undefined || rule.omittedValue !== value;
  });
  return Object.fromEntries(kept);
}

/** The settings that the vectors of a role depend on: without those of the other role's prompts. */
export function settingsOfRole(settings: Settings, role: 'query' | 'document'): Settings {
  const others = role === 'query' ? 'documents' : 'queries';
  const kept = Object.entries(settings).filter(
    ([name]) => !Object.hasOwn(systemFields, name) || ruleOf(name as Field).key !== others,
  );
  return Object.fromEntries(kept);
}

type SentField = FieldsWhere<{ job: 'sent' }>;
const sentFields = fields.filter((field): field is SentField => ruleOf(field).job === 'sent');

/** The part of a spec that a queue job sends to workers. */
export const sentSpecSchema = systemSpecSchema.pick(
  Object.fromEntries(sentFields.map((field) => [field, true])) as Record<SentField, true>,
);
export type SentSpec = z.output<typeof sentSpecSchema>;

export function sentPart(spec: SystemSpec): SentSpec {
  return sentSpecSchema.parse(Object.fromEntries(sentFields.map((field) => [field, spec[field]])));
}

/** True for a model on a server with OpenAI's interface (`openai:NAME`). */
export function isHosted(model: string | null): boolean {
  return model?.startsWith('openai:') === true;
}
