import { InputError, unknownName } from '../core/errors.js';
import { averagePrecision, inferredAveragePrecision } from './ap.js';
import { binaryPreference } from './bpref.js';
import { hole, judgedShare } from './judged.js';
import { type Evaluate, type Measure, onlyJudged } from './measure.js';
import { exponentialGain, linearGain, ndcg } from './ndcg.js';
import { interpolatedPrecision, precision, rPrecision } from './precision.js';
import { cappedRecall, recall } from './recall.js';
import { reciprocalRank, success } from './rr.js';
import { relativeSetPrecision, setAveragePrecision, setF, setPrecision, setRecall } from './set.js';

/** The options of a name, with their defaults. */
interface Options {
  /** Lowest grade that counts as relevant; 1 or more, as in trec_eval. */
  readonly rel: number;
  readonly beta: number;
  readonly relative: boolean;
  readonly judged_only: boolean;
}

const defaults: Options = { rel: 1, beta: 1, relative: false, judged_only: false };

interface Family {
  /** Whether the name takes a cut-off: `@k`, or `@recall` for IPrec. */
  readonly cutoff: 'required' | 'optional' | 'none' | 'recall';
  readonly options: readonly (keyof Options)[];
  /** @param cutoff Infinity where there is none */
  readonly make: (cutoff: number, options: Options) => Evaluate;
}

const ranked = ['rel', 'judged_only'] as const;

const families: Readonly<Record<string, Family>> = {
  nDCG: { cutoff: 'optional', options: ['judged_only'], make: (k) => ndcg(k, linearGain) },
  nDCG_exp: { cutoff: 'optional', options: ['judged_only'], make: (k) => ndcg(k, exponentialGain) },
  AP: { cutoff: 'optional', options: ranked, make: (k, o) => averagePrecision(k, o.rel) },
  P: { cutoff: 'required', options: ranked, make: (k, o) => precision(k, o.rel) },
  R: { cutoff: 'required', options: ranked, make: (k, o) => recall(k, o.rel) },
  RR: { cutoff: 'optional', options: ranked, make: (k, o) => reciprocalRank(k, o.rel) },
  Success: { cutoff: 'required', options: ranked, make: (k, o) => success(k, o.rel) },
  R_cap: { cutoff: 'required', options: ranked, make: (k, o) => cappedRecall(k, o.rel) },
  Hole: { cutoff: 'required', options: [], make: (k) => hole(k) },
  Judged: { cutoff: 'optional', options: [], make: (k) => judgedShare(k) },
  Rprec: { cutoff: 'none', options: ranked, make: (_, o) => rPrecision(o.rel) },
  Bpref: { cutoff: 'none', options: ['rel'], make: (_, o) => binaryPreference(o.rel) },
  infAP: { cutoff: 'none', options: ['rel'], make: (_, o) => inferredAveragePrecision(o.rel) },
  IPrec: { cutoff: 'recall', options: ranked, make: (recall, o) => interpolatedPrecision(recall, o.rel) },
  SetP: {
    cutoff: 'none',
    options: ['rel', 'relative', 'judged_only'],
    make: (_, o) => (o.relative ? relativeSetPrecision(o.rel) : setPrecision(o.rel)),
  },
  SetR: { cutoff: 'none', options: ['rel'], make: (_, o) => setRecall(o.rel) },
  SetF: { cutoff: 'none', options: ['rel', 'beta', 'judged_only'], make: (_, o) => setF(o.beta, o.rel) },
  SetAP: { cutoff: 'none', options: ranked, make: (_, o) => setAveragePrecision(o.rel) },
};

/** Other names of the same measures, in ir_measures and BEIR. */
const aliases: Readonly<Record<string, string>> = {
  NDCG: 'nDCG',
  MAP: 'AP',
  MRR: 'RR',
  Recall: 'R',
  Precision: 'P',
  RPrec: 'Rprec',
  BPref: 'Bpref',
};

/** trec_eval's names, which get a suggestion rather than an answer: the output is to speak one language. */
const trecEvalNames: readonly (readonly [RegExp, string])[] = [
  [/^ndcg_cut[._](\d+)$/, 'nDCG@$1'],
  [/^map_cut[._](\d+)$/, 'AP@$1'],
  [/^recall[._](\d+)$/, 'R@$1'],
  [/^P[._](\d+)$/, 'P@$1'],
  [/^success[._](\d+)$/, 'Success@$1'],
  [/^iprec_at_recall[._]([\d.]+)$/, 'IPrec@$1'],
  [/^map$/, 'AP'],
  [/^recip_rank$/, 'RR'],
  [/^ndcg$/, 'nDCG'],
  [/^bpref$/, 'Bpref'],
  [/^set_map$/, 'SetAP'],
  [/^set_recall$/, 'SetR'],
  [/^Accuracy@(\d+)$/, 'Success@$1'],
];

/** The measures that this program knows, as they are written: `P@k`, `AP`, `AP@k` … */
export const measureForms: readonly string[] = Object.entries(families).flatMap(([name, { cutoff }]) => {
  if (cutoff === 'recall') return [`${name}@recall`];
  return [...(cutoff === 'required' ? [] : [name]), ...(cutoff === 'none' ? [] : [`${name}@k`])];
});

/** Measures as BEIR prints them first, and what `evaluate` shows unless others are asked for. */
export const defaultMeasures: readonly string[] = ['nDCG@10', 'AP@100', 'R@100', 'P@10', 'RR@10'];

/**
 * Reads a measure's name: FAMILY, FAMILY@CUTOFF or FAMILY(option=value,…)@CUTOFF, as ir_measures writes it.
 * Options: `rel` (lowest relevant grade), `judged_only` (True: unjudged documents leave the ranking), `beta` of SetF,
 * `relative` of SetP. `nDCG(dcg='exp-log2')@k` is `nDCG_exp@k`.
 * @throws InputError for an unknown family, option or value, and for a cut-off that is missing or not above 0
 */
export function parseMeasure(text: string): Measure {
  const parts = /^([A-Za-z_]+)(?:\(([^()]*)\))?(?:@(.*))?$/.exec(text.trim());
  const [, written = text, optionText, cutoffText] = parts ?? [];
  let name = Object.hasOwn(aliases, written) ? aliases[written]! : written;
  const given = parseOptions(optionText ?? '', text);
  if (name === 'nDCG' && given.delete(`dcg='exp-log2'`)) name = 'nDCG_exp';
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (parts === null || family === undefined) throw unknownMeasure(text, written);
  const options = readOptions(given, family, text);
  const cutoff = readCutoff(cutoffText, family.cutoff, name, text);
  const evaluate = family.make(cutoff ?? Infinity, options);
  return {
    name: canonicalName(name, options, cutoff),
    family: name,
    cutoff: family.cutoff === 'recall' ? null : cutoff,
    judgedOnly: options.judged_only,
    evaluate: options.judged_only ? (ranking) => evaluate(onlyJudged(ranking)) : evaluate,
  };
}

/** Reads several names; the same measure given twice is kept once, at its first place. */
export function parseMeasures(texts: readonly string[]): readonly Measure[] {
  const measures = new Map(texts.map(parseMeasure).map((measure) => [measure.name, measure]));
  return [...measures.values()];
}

/** The measure over judged documents only (trec_eval -J), or the measure itself where that makes no sense (Judged@k). */
export function judgedOnly(measure: Measure): Measure {
  if (measure.judgedOnly || !families[measure.family]!.options.includes('judged_only')) return measure;
  const [head, cutoff] = measure.name.split('@');
  const options = head!.endsWith(')') ? `${head!.slice(0, -1)},judged_only=True)` : `${head!}(judged_only=True)`;
  return parseMeasure(cutoff === undefined ? options : `${options}@${cutoff}`);
}

/** The options as written, `name=value` each, to be taken out as they are understood. */
function parseOptions(text: string, measure: string): Set<string> {
  const options = text.split(',').map((option) => option.trim());
  const given = new Set(options.filter((option) => option !== '').map((option) => option.replace(/\s*=\s*/, '=')));
  for (const option of given)
    if (!/^\w+=./.test(option)) throw new InputError(`${measure}: "${option}" is not an option; expected name=value`);
  return given;
}

function readOptions(given: ReadonlySet<string>, family: Family, measure: string): Options {
  let options = defaults;
  for (const option of given) {
    const [name = '', value = ''] = option.split('=', 2);
    if (!(family.options as readonly string[]).includes(name)) {
      if (family.options.length === 0) throw new InputError(`${measure}: takes no options; found ${option}`);
      throw new InputError(`${measure}: unknown option "${name}"; known: ${family.options.join(', ')}`);
    }
    options = { ...options, [name]: optionValue(name as keyof Options, value, measure) };
  }
  return options;
}

function optionValue(name: keyof Options, value: string, measure: string): number | boolean {
  const wrong = (expected: string): InputError =>
    new InputError(`${measure}: ${name} is ${value}; expected ${expected}`);
  switch (name) {
    case 'rel':
      if (!/^[1-9]\d{0,8}$/.test(value)) throw wrong('a whole number of 1 or more');
      return Number(value);
    case 'beta':
      if (!/^\d+(\.\d+)?$/.test(value)) throw wrong('a number of 0 or more');
      return Number(value);
    case 'relative':
    case 'judged_only':
      if (!/^(true|false)$/i.test(value)) throw wrong('True or False');
      return value.toLowerCase() === 'true';
  }
}

function readCutoff(value: string | undefined, kind: Family['cutoff'], name: string, measure: string): number | null {
  if (value === undefined) {
    if (kind === 'required') throw new InputError(`${measure}: ${name} needs a cut-off, for example ${name}@10`);
    if (kind === 'recall') throw new InputError(`${measure}: ${name} needs a recall, for example ${name}@0.1`);
    return null;
  }
  if (kind === 'none') throw new InputError(`${measure}: ${name} takes no cut-off; write ${name}`);
  if (kind === 'recall') {
    const recall = /^(\d+(\.\d+)?|\.\d+)$/.test(value) ? Number(value) : NaN;
    if (!(recall <= 1)) throw new InputError(`${measure}: the recall is ${value}; expected a number from 0 to 1`);
    return recall;
  }
  if (!/^0*[1-9]\d{0,8}$/.test(value))
    throw new InputError(`${measure}: the cut-off is "${value}"; expected a whole number of 1 or more`);
  return Number(value);
}

function canonicalName(family: string, options: Options, cutoff: number | null): string {
  const set = (Object.keys(defaults) as (keyof Options)[]).filter((name) => options[name] !== defaults[name]);
  const list = set.map((name) => `${name}=${options[name] === true ? 'True' : options[name]}`);
  return family + (list.length === 0 ? '' : `(${list.join(',')})`) + (cutoff === null ? '' : `@${cutoff}`);
}

function unknownMeasure(text: string, written: string): InputError {
  for (const [pattern, name] of trecEvalNames)
    if (pattern.test(text))
      return new InputError(`unknown measure "${text}", did you mean "${text.replace(pattern, name)}"?`);
  return unknownName('measure', written, Object.keys(families));
}
