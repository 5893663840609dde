import { InputError, unknownName } from '../core/errors.js';
import { families } from './families.js';
import type { MeasureFamily, OptionValue } from './family.js';
import { type Measure, onlyJudged } from './measure.js';

type OptionValues = Readonly<Record<string, OptionValue>>;

/** Alias → name. */
const aliases: ReadonlyMap<string, string> = new Map(
  [...families.values()].flatMap(({ name, aliases: others = [] }) => others.map((other) => [other, name])),
);

/** The default of `evaluate`: measures that BEIR prints. */
export const defaultMeasures: readonly string[] = ['nDCG@10', 'AP@100', 'R@100', 'P@10', 'RR@10'];

/**
 * Parses a measure's name: FAMILY, FAMILY@CUTOFF or FAMILY(option=value,…)@CUTOFF, as ir_measures writes it.
 * Options: `rel` (lowest relevant grade), `judged_only` (True: unjudged documents are removed from the ranking), `beta` of SetF,
 * `relative` of SetP. `nDCG(dcg='exp-log2')@k` is `nDCG_exp@k`.
 * @throws InputError for an unknown family, option or value, and for a cut-off that is missing or not above 0
 */
export function parseMeasure(text: string): Measure {
  const parts = /^([A-Za-z_]+)(?:\(([^()]*)\))?(?:@(.*))?$/.exec(text.trim());
  const [, written = text, optionText, cutoffText] = parts ?? [];
  const given = parseOptions(optionText ?? '', text);
  const name = aliases.get(written) ?? written;
  const family = families.get(name === 'nDCG' && given.delete(`dcg='exp-log2'`) ? 'nDCG_exp' : name);
  if (parts === null || family === undefined) throw unknownMeasure(text, written);
  const values = readOptions(given, family, text);
  const cutoff = readCutoff(cutoffText, family, text);
  const judgedOnly = values['judged_only'] === true;
  const evaluate = family.make(cutoff ?? Infinity, values);
  return {
    name: canonicalName(family, values, cutoff),
    family: family.name,
    cutoff: family.cutoff === 'recall' ? null : cutoff,
    judgedOnly,
    beirCustom: family.beirCustom === true && cutoff !== null,
    evaluate: judgedOnly ? (ranking) => evaluate(onlyJudged(ranking)) : evaluate,
  };
}

/** Parses several names; of repeated measures, the first is kept. */
export function parseMeasures(texts: readonly string[]): readonly Measure[] {
  const measures = new Map(texts.map(parseMeasure).map((measure) => [measure.name, measure]));
  return [...measures.values()];
}

/**
 * The measure over judged documents only (trec_eval -J); the measure itself where that gives the same values (Bpref).
 * @throws InputError for a measure of the unjudged documents themselves (Judged, Hole@k)
 */
export function judgedOnly(measure: Measure): Measure {
  const { options: known, ignoresUnjudged } = families.get(measure.family)!;
  if (measure.judgedOnly || ignoresUnjudged === true) return measure;
  if (!Object.hasOwn(known, 'judged_only'))
    throw new InputError(
      `${measure.name} looks at unjudged documents, so they cannot be taken out first; leave out the measure or --judged-only`,
    );
  const [head, cutoff] = measure.name.split('@');
  const options = head!.endsWith(')') ? `${head!.slice(0, -1)},judged_only=True)` : `${head!}(judged_only=True)`;
  return parseMeasure(cutoff === undefined ? options : `${options}@${cutoff}`);
}

/** Splits the options into texts `name=value`. */
function parseOptions(text: string, measure: string): Set<string> {
  const options = text.split(',').map((option) => option.trim());
  const given = new Set(options.filter((option) => option !== '').map((option) => option.replace(/\s*=\s*/, '=')));
  for (const option of given)
    if (!/^\w+=./.test(option)) throw new InputError(`${measure}: "${option}" is not an option; expected name=value`);
  return given;
}

/** The values of a family's options, with defaults for missing ones. */
function readOptions(given: ReadonlySet<string>, { options }: MeasureFamily, measure: string): OptionValues {
  const values = Object.fromEntries(Object.entries(options).map(([name, option]) => [name, option.default]));
  const known = Object.keys(options);
  for (const text of given) {
    const [name = '', value = ''] = text.split('=', 2);
    if (known.length === 0) throw new InputError(`${measure}: takes no options; found ${text}`);
    if (!known.includes(name)) throw new InputError(`${measure}: unknown option "${name}"; known: ${known.join(', ')}`);
    const option = options[name]!;
    const read = option.read(value);
    if (read === undefined) throw new InputError(`${measure}: ${name} is ${value}; expected ${option.expected}`);
    values[name] = read;
  }
  return values;
}

function readCutoff(value: string | undefined, { name, cutoff }: MeasureFamily, measure: string): number | null {
  if (value === undefined) {
    if (cutoff === 'required') throw new InputError(`${measure}: ${name} needs a cut-off, for example ${name}@10`);
    if (cutoff === 'recall') throw new InputError(`${measure}: ${name} needs a recall, for example ${name}@0.1`);
    return null;
  }
  if (cutoff === 'none') throw new InputError(`${measure}: ${name} takes no cut-off; write ${name}`);
  if (cutoff === 'recall') {
    const recall = /^(\d+(\.\d+)?|\.\d+)$/.test(value) ? Number(value) : NaN;
    if (!(recall <= 1)) throw new InputError(`${measure}: the recall is ${value}; expected a number from 0 to 1`);
    return recall;
  }
  if (!/^0*[1-9]\d{0,8}$/.test(value))
    throw new InputError(`${measure}: the cut-off is "${value}"; expected a whole number of 1 or more`);
  return Number(value);
}

/** The name in ir_measures' spelling, with the options that are not at their defaults. */
function canonicalName({ name, options }: MeasureFamily, values: OptionValues, cutoff: number | null): string {
  const list = Object.entries(options)
    .filter(([option, { default: usual }]) => values[option] !== usual)
    .map(([option]) => `${option}=${values[option] === true ? 'True' : String(values[option])}`);
  return name + (list.length === 0 ? '' : `(${list.join(',')})`) + (cutoff === null ? '' : `@${cutoff}`);
}

/** Names of trec_eval and BEIR get a suggestion rather than an answer: the output is to have one spelling. */
function unknownMeasure(text: string, written: string): InputError {
  const [, foreign = '', number] = /^(.*?)(?:[._@]([\d.]+))?$/.exec(text.trim()) ?? [];
  for (const { name, foreignNames = [] } of families.values())
    if (foreignNames.includes(foreign))
      return new InputError(
        `unknown measure "${text}", did you mean "${name}${number === undefined ? '' : `@${number}`}"?`,
      );
  return unknownName('measure', written, [...families.keys()]);
}
