import type { Evaluate } from './measure.js';

export type OptionValue = number | boolean;

/** An option of a measure's name: `rel` in `P(rel=2)@10`. */
export interface MeasureOption<T extends OptionValue = OptionValue> {
  /** One line, for help. */
  readonly description: string;
  readonly default: T;
  /** The text of a value other than the default, for help and property tests. */
  readonly example: string;
  /** Description of valid values, for errors. */
  readonly expected: string;
  /** Parses a value; undefined if it is invalid. */
  readonly read: (text: string) => T | undefined;
}

type MeasureOptions = Readonly<Record<string, MeasureOption>>;

type ValuesOf<O> = { readonly [Name in keyof O]: O[Name] extends MeasureOption<infer T> ? T : never };

/** A family of measures with a common name: its description and its options. */
interface FamilyRow<O extends MeasureOptions> {
  /** In ir_measures' spelling: `nDCG`, `P`. */
  readonly name: string;
  /** One line, for help. */
  readonly description: string;
  /** The program and file whose arithmetic this is. */
  readonly source: string;
  /** Cut-off in the name: `@k`, or `@recall` for IPrec. */
  readonly cutoff: 'required' | 'optional' | 'none' | 'recall';
  readonly options: O;
  /** Unjudged documents change nothing, so that taking them out of the ranking gives the same value. */
  readonly ignoresUnjudged?: true;
  /** Other names of the same measures, in ir_measures and BEIR. */
  readonly aliases?: readonly string[];
  /** trec_eval's or BEIR's names without the number at their end (`ndcg_cut` of `ndcg_cut_10`); errors suggest this family. */
  readonly foreignNames?: readonly string[];
  /** True: with a cut-off, BEIR's profiles average it as in `custom_metrics.py` (see EvaluationOptions). */
  readonly beirCustom?: boolean;
}

export interface MeasureFamily extends FamilyRow<MeasureOptions> {
  /** @param cutoff Infinity if the name has none */
  readonly make: (cutoff: number, values: Readonly<Record<string, OptionValue>>) => Evaluate;
}

/**
 * Defines a family. Its `make` receives the options' values by name, and the cut-off.
 * @param row `make` receives Infinity if the name has no cut-off
 */
export function defineFamily<const O extends MeasureOptions>(
  row: FamilyRow<O> & { readonly make: (given: ValuesOf<O> & { readonly cutoff: number }) => Evaluate },
): MeasureFamily {
  return { ...row, make: (cutoff, values) => row.make({ ...(values as ValuesOf<O>), cutoff }) };
}

/** An option with the values True and False (default). */
export function flag(description: string): MeasureOption<boolean> {
  return {
    description,
    default: false,
    example: 'True',
    expected: 'True or False',
    read: (text) => (/^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined),
  };
}

export const rel: MeasureOption<number> = {
  description: 'lowest grade that counts as relevant, as in trec_eval -l',
  default: 1,
  example: '2',
  expected: 'a whole number of 1 or more',
  read: (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined),
};

/** Implemented by parseMeasure, which removes unjudged documents before the measure is computed. */
export const judgedOnlyOption = flag('unjudged documents are removed from the ranking first, as in trec_eval -J');

/** The options of most measures of rankings. */
export const rankedOptions = { rel, judged_only: judgedOnlyOption } as const;
