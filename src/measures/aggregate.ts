import type { Qrels } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { Profile } from '../core/profile.js';
import { inRankingOrder, type Ranking, type Run, withoutIdenticalId } from '../core/run.js';
import { judge, type JudgedRanking, type Measure } from './measure.js';
import { roundHalfEven } from './rounding.js';

/** Options of averaging per-query values; the reference programs differ in them. */
export interface EvaluationOptions {
  /** Average over the queries in both run and qrels, or over all queries of the qrels, with 0 for missing ones. */
  readonly average: 'intersection' | 'complete';
  /** Keep or remove the document with the same id as the query. */
  readonly identicalIds: 'keep' | 'remove';
  /** Decimal places of means (Python's rounding), or null for none. Per-query values are never rounded. */
  readonly decimals: number | null;
  /**
   * True: RR@k, Success@k, R_cap@k and Hole@k are computed as in BEIR's `custom_metrics.py`: ties keep the order of the
   * ranking, and the sum over the run's queries is divided by the number of queries in the qrels, for any `average`.
   * Default: false.
   */
  readonly beirCustom?: boolean;
}

/** trec_eval's and pytrec_eval's defaults. */
export const plainEvaluation: EvaluationOptions = {
  average: 'intersection',
  identicalIds: 'keep',
  decimals: null,
};

/**
 * The options of a profile.
 * @param taskRemovesIdenticalIds true for tasks on which mteb removes identical ids
 */
export function evaluationOptions(profile: Profile, taskRemovesIdenticalIds = false): EvaluationOptions {
  const remove = profile.identicalIds === 'remove' || (profile.identicalIds === 'by-task' && taskRemovesIdenticalIds);
  return {
    average: profile.average,
    identicalIds: remove ? 'remove' : 'keep',
    decimals: profile.decimals,
    beirCustom: profile.name !== 'trec_eval',
  };
}

/** The values of a run. */
export interface Evaluation {
  /** Measure name → mean, in the order of the measures. */
  readonly means: ReadonlyMap<string, number>;
  /** Measure name → query id → value; queries in the order of the run, then (complete average) the missing ones as 0. */
  readonly perQuery: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly counts: EvaluationCounts;
}

export interface EvaluationCounts {
  /** Queries in the qrels. */
  readonly judged: number;
  /** Queries in run and qrels. */
  readonly evaluated: number;
  /** Queries in the qrels that are not in the run. */
  readonly missing: number;
  /** Queries in the run that are not in the qrels; they are not evaluated. */
  readonly unjudged: number;
}

/** Evaluates a run one query at a time, so that the run need not fit in memory. Qrels and rankings are not modified. */
export class Evaluator {
  readonly #values: Map<string, Map<string, number>>;
  readonly #qrels: Qrels;
  readonly #measures: readonly Measure[];
  readonly #options: EvaluationOptions;
  readonly #annotated: () => ReadonlySet<string>;
  #evaluated = 0;
  #unjudged = 0;

  constructor(qrels: Qrels, measures: readonly Measure[], options: EvaluationOptions) {
    this.#qrels = qrels;
    this.#measures = measures;
    this.#options = options;
    this.#values = new Map(measures.map(({ name }) => [name, new Map<string, number>()]));
    let annotated: ReadonlySet<string> | undefined;
    this.#annotated = () => (annotated ??= new Set([...qrels.values()].flatMap((grades) => [...grades.keys()])));
  }

  /**
   * @param query a query that was not added before
   * @param ranking scores from high to low; ties may be in any order
   */
  add(query: string, ranking: Ranking): void {
    const judgements = this.#qrels.get(query);
    if (judgements === undefined || judgements.size === 0) {
      this.#unjudged++;
      return;
    }
    this.#evaluated++;
    const given = this.#options.identicalIds === 'remove' ? withoutIdenticalId(query, ranking) : ranking;
    const ordered = inRankingOrder(given);
    const judged = judge(ordered, judgements, this.#annotated);
    let judgedAsGiven: JudgedRanking | undefined;
    for (const measure of this.#measures) {
      const asGiven = ordered !== given && isBeirCustom(measure, this.#options);
      if (asGiven) judgedAsGiven ??= judge(given, judgements, this.#annotated);
      const value = measure.evaluate(asGiven ? judgedAsGiven! : judged);
      this.#values.get(measure.name)!.set(query, value);
    }
  }

  /** @throws InputError if no query of the run is judged, so that means are undefined */
  finish(): Evaluation {
    const judged = this.#qrels.size;
    const complete = this.#options.average === 'complete';
    if (judged === 0) throw new InputError('the qrels have no queries');
    if (this.#evaluated === 0 && this.#unjudged > 0)
      throw new InputError(
        `none of the run's ${this.#unjudged} queries is in the qrels (${judged} queries); are run and qrels of the same data set and split?`,
      );
    if (this.#evaluated === 0 && !complete)
      throw new InputError('the run has no queries, so there is nothing to average');
    const means = new Map(
      this.#measures.map((measure) => {
        const values = this.#values.get(measure.name)!.values();
        return [measure.name, meanOverQueries(measure, values, judged, this.#options)];
      }),
    );
    if (complete)
      for (const values of this.#values.values())
        for (const query of this.#qrels.keys()) if (!values.has(query)) values.set(query, 0);
    const counts = {
      judged,
      evaluated: this.#evaluated,
      missing: judged - this.#evaluated,
      unjudged: this.#unjudged,
    };
    return { means, perQuery: this.#values, counts };
  }
}

/**
 * The mean of a measure over queries, from its values: their sum, divided by their number or by that of the judged queries.
 * @param values one per query of the run; null for a query that the run does not have
 * @param judged number of queries in the qrels
 */
export function meanOverQueries(
  measure: Measure,
  values: Iterable<number | null>,
  judged: number,
  options: EvaluationOptions,
): number {
  let sum = 0;
  let evaluated = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    evaluated++;
  }
  const overQrels = options.average === 'complete' || isBeirCustom(measure, options);
  const mean = sum / (overQrels ? judged : evaluated);
  return options.decimals === null ? mean : roundHalfEven(mean, options.decimals);
}

function isBeirCustom(measure: Measure, { beirCustom }: EvaluationOptions): boolean {
  return beirCustom === true && measure.beirCustom;
}

/** Evaluates a whole run. See {@link Evaluator}. */
export function evaluateRun(
  qrels: Qrels,
  run: Run,
  measures: readonly Measure[],
  options: EvaluationOptions = plainEvaluation,
): Evaluation {
  const evaluator = new Evaluator(qrels, measures, options);
  for (const [query, ranking] of run) evaluator.add(query, ranking);
  return evaluator.finish();
}
