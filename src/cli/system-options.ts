import { Option, type Command } from 'commander';
import { systemFields, type FieldRule } from '../core/system-fields.js';
import { choicesOf, fields, flagOf, ruleOf, type Field } from '../core/system-spec.js';
import type { SystemValues } from '../runners/specs.js';
import { counts, layers, list, positive, positiveNumber, repeated } from './options.js';

const groupTitles: Readonly<Record<FieldRule['group'], string>> = {
  general: 'What to run:',
  'bi-encoders': 'Bi-encoders:',
  're-ranking': 'First stage and re-ranking:',
  computing: 'How to compute:',
  hosted: 'Hosted models:',
};

/** One option per field of a system, except the named fields. */
export function systemOptions(except: readonly Field[] = []): Option[] {
  return fields.filter((field) => !except.includes(field)).map(optionOf);
}

export function optionOf(field: Field): Option {
  const rule = ruleOf(field);
  const option = new Option(`${flagOf(field)} ${rule.value}`, rule.help).helpGroup(groupTitles[rule.group]);
  const defaultValue: unknown = systemFields[field].schema.safeParse(undefined).data;
  if (defaultValue !== undefined && defaultValue !== null && !Array.isArray(defaultValue)) option.default(defaultValue);
  const choices = choicesOf(field);
  if (choices !== undefined) option.choices(choices);
  if (rule.read === 'optional') option.preset('all');
  else if (rule.read !== undefined) option.argParser<unknown>(readers[rule.read] as Reader);
  return option;
}

type Reader = (value: string, before: unknown) => unknown;
const readers = { list, layers, counts, repeated, count: positive, number: positiveNumber };

/** The fields that the user set on the command line, with their values. */
export function givenValues(command: Command, values: Readonly<Record<string, unknown>>): SystemValues {
  const given = fields.filter((field) => command.getOptionValueSource(field) === 'cli');
  return Object.fromEntries(given.map((field) => [field, values[field]]));
}
