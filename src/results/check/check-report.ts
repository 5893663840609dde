/** What a check says about one result. */
export interface CheckCase {
  readonly task: string;
  readonly system: string;
  readonly measure: string;
  readonly verdict: Verdict;
  /** The verdict's reason in a word or two: `dropped`, `missing`, `equal`. */
  readonly outcome: string;
  /** What the check holds the result against; null where there is nothing. */
  readonly expected: number | null;
  /** The result's own mean; null where there is no result. */
  readonly found: number | null;
  /** The corrected p-value of the difference; null where none was tested. */
  readonly p: number | null;
  /** One sentence, without task and system: what was found, and what to do about it. */
  readonly message: string;
}

/** `failed` fails the check; `warned` is worth a look; `skipped` was held against nothing. */
export type Verdict = 'passed' | 'failed' | 'warned' | 'skipped';

/** The outcome of a check, for writers of every format. */
export interface CheckReport {
  /** What was checked: `Baseline results/baseline/demo.json`. */
  readonly title: string;
  /** What `expected` is: `baseline`, `published`. */
  readonly against: string;
  /** When a case fails, in one sentence. */
  readonly rule: string;
  readonly cases: readonly CheckCase[];
}

export function countOf({ cases }: CheckReport, verdict: Verdict): number {
  return cases.filter((one) => one.verdict === verdict).length;
}

export function hasFailed(report: CheckReport): boolean {
  return countOf(report, 'failed') > 0;
}

/** `2 failed, 11 passed, 1 skipped`: the verdicts there are, worst first. */
export function summaryOf(report: CheckReport): string {
  const verdicts: readonly Verdict[] = ['failed', 'warned', 'passed', 'skipped'];
  const parts = verdicts.map((verdict) => [countOf(report, verdict), verdict] as const).filter(([count]) => count > 0);
  return parts.length === 0 ? 'nothing to check' : parts.map(([count, verdict]) => `${count} ${verdict}`).join(', ');
}
