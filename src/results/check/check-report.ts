/** The check of one result. */
export interface CheckCase {
  readonly task: string;
  readonly system: string;
  readonly measure: string;
  readonly verdict: Verdict;
  /** The verdict's reason in one or two words: `dropped`, `missing`, `equal`. */
  readonly outcome: string;
  /** The expected mean; null if there is none. */
  readonly expected: number | null;
  /** The result's mean; null if there is no result. */
  readonly found: number | null;
  /** The corrected p-value of the difference; null if it was not tested. */
  readonly p: number | null;
  /** One sentence, without task and system: the finding, and what to do about it. */
  readonly message: string;
}

/** `failed` fails the check; `warned` is worth a look; `skipped` was compared with nothing. */
export type Verdict = 'passed' | 'failed' | 'warned' | 'skipped';

/** All cases of a check, for writers of every format. */
export interface CheckReport {
  /** Title of the check: `Baseline results/baseline/demo.json`. */
  readonly title: string;
  /** The kind of `expected`: `baseline`, `published`. */
  readonly against: string;
  /** One sentence on when a case fails. */
  readonly rule: string;
  readonly cases: readonly CheckCase[];
}

export function countOf({ cases }: CheckReport, verdict: Verdict): number {
  return cases.filter((one) => one.verdict === verdict).length;
}

export function hasFailed(report: CheckReport): boolean {
  return countOf(report, 'failed') > 0;
}

/** Counts of verdicts, worst first: `2 failed, 11 passed, 1 skipped`. */
export function summaryOf(report: CheckReport): string {
  const verdicts: readonly Verdict[] = ['failed', 'warned', 'passed', 'skipped'];
  const parts = verdicts.map((verdict) => [countOf(report, verdict), verdict] as const).filter(([count]) => count > 0);
  return parts.length === 0 ? 'nothing to check' : parts.map(([count, verdict]) => `${count} ${verdict}`).join(', ');
}
