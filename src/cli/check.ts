import { appendFile } from 'node:fs/promises';
import { Command } from 'commander';
import { InputError, messageOf } from '../core/errors.js';
import { exists, writeFileAtomic } from '../io/files.js';
import type { Baseline } from '../results/check/baseline.js';
import { hasFailed, type CheckReport } from '../results/check/check-report.js';
import { defaultLimits, defaultTolerance } from '../results/check/limits.js';
import type { ScoredResult } from '../results/compare/pairing.js';
import { exitCodes } from './exit-codes.js';
import { decimalNumber } from './options.js';

interface CheckOptions {
  readonly baseline?: string;
  readonly published?: boolean;
  readonly results: string;
  readonly maxDrop: number;
  readonly alpha: number;
  readonly tolerance: number;
  readonly update?: boolean;
  readonly newest?: boolean;
  readonly summary?: string;
  readonly junit?: string;
  readonly annotate?: boolean;
  readonly json?: boolean;
}

const help = `
With --baseline, a result fails if its mean dropped by more than --max-drop and a paired randomisation test finds the drop
significant at --alpha (after Holm's correction for the number of results); if it is missing; or if its data, split or profile
differ. With --alpha 1, every drop larger than --max-drop fails.
With --published, a result fails if it differs by more than --tolerance from the published score of the same task and system.
The summary is also appended to the file named by GITHUB_STEP_SUMMARY, if set. Exit status: 0 passed, 1 failed.

Examples:
  sgpt-bench check --baseline results/baseline/demo.json --results results/demo
  sgpt-bench check --baseline results/baseline/demo.json --results results/demo --update
  sgpt-bench check --baseline baseline.json --junit check.xml --annotate
  sgpt-bench check --published --results results --tolerance 0.002`;

/** `sgpt-bench check`: a gate against regressions, and against deviations from published scores. */
export function checkCommand(): Command {
  return new Command()
    .option('--baseline <file>', 'the baseline to compare with')
    .option('--published', 'compare with published scores')
    .option('--results <dir>', 'results folder to check', 'results')
    .option(
      '--max-drop <x>',
      "largest drop of a mean that passes, in the measure's unit",
      decimalNumber(),
      defaultLimits.maxDrop,
    )
    .option('--alpha <p>', 'significance level for a drop', decimalNumber({ to: 1 }), defaultLimits.alpha)
    .option(
      '--tolerance <x>',
      'largest difference from a published score that passes',
      decimalNumber(),
      defaultTolerance,
    )
    .option('--update', 'write these results as the new baseline')
    .option('--newest', 'if several results have the same task and system, use the newest')
    .option('--summary <file>', 'write a Markdown summary')
    .option('--junit <file>', 'write JUnit XML')
    .option('--annotate', 'print annotations for GitHub Actions')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(check);
}

async function check(options: CheckOptions): Promise<void> {
  const { baseline, published, update } = options;
  if (baseline === undefined && published !== true)
    throw new InputError('nothing to check against: give a baseline with --baseline FILE, or --published');
  if (baseline === undefined && update === true)
    throw new InputError('--update writes a baseline: name its file with --baseline FILE');
  const { loadPerQuery, loadResults } = await import('../results/store.js');
  const stored = await loadResults(options.results);
  const reports: CheckReport[] = [];
  if (baseline !== undefined) {
    const { onePerEntry } = await import('../results/check/baseline.js');
    const scored = await Promise.all(stored.map(async (one) => ({ ...one, perQuery: await loadPerQuery(one) })));
    const results = onePerEntry(scored, options.newest === true);
    if (update === true) reports.push(...(await updateBaseline(baseline, results, options)));
    else reports.push(await compareWithBaseline(baseline, results, options));
  }
  if (published === true) {
    const { checkPublished } = await import('../results/check/published-check.js');
    const cases = checkPublished(
      stored.map(({ record }) => record),
      options.tolerance,
    );
    const rule = `A result fails if it differs by more than ${options.tolerance} from the published score of its task and system.`;
    reports.push({ title: 'Published scores', against: 'published', rule, cases });
  }
  await write(reports, options);
  // Differences from the old baseline are only reported: the new one replaces it.
  const failing = reports.filter(({ against }) => update !== true || against !== 'baseline');
  if (failing.some(hasFailed)) process.exitCode = exitCodes.checkFailed;
}

async function compareWithBaseline(
  path: string,
  results: readonly ScoredResult[],
  options: CheckOptions,
): Promise<CheckReport> {
  const { readBaseline } = await import('../results/check/baseline.js');
  return baselineReport(path, await readBaseline(path), results, options);
}

async function baselineReport(
  path: string,
  baseline: Baseline,
  results: readonly ScoredResult[],
  { maxDrop, alpha }: CheckOptions,
): Promise<CheckReport> {
  const { checkBaseline } = await import('../results/check/gate.js');
  return {
    title: `Baseline ${path}`,
    against: 'baseline',
    rule:
      `A result fails if it is missing, not comparable, or fell by more than ${maxDrop} with a corrected p of at most ${alpha} ` +
      '(paired randomisation test).',
    cases: checkBaseline(baseline, results, { maxDrop, alpha }),
  };
}

/** Writes the new baseline, and reports its differences from the old one, if that is readable. */
async function updateBaseline(
  path: string,
  results: readonly ScoredResult[],
  options: CheckOptions,
): Promise<CheckReport[]> {
  const { baselineOf, baselineVersion, BASELINE_VERSION, readBaseline, writeBaseline } =
    await import('../results/check/baseline.js');
  // `baselineVersion` throws for a file that is not a baseline, so that no other file is overwritten.
  const version = (await exists(path)) ? await baselineVersion(path) : undefined;
  const old = version === BASELINE_VERSION ? await readBaseline(path) : undefined;
  const reports = old === undefined ? [] : [await baselineReport(path, old, results, options)];
  await writeBaseline(path, baselineOf(results));
  process.stderr.write(`wrote ${path}: ${results.length} results\n`);
  return reports;
}

async function write(reports: readonly CheckReport[], options: CheckOptions): Promise<void> {
  const [{ renderCheckText }, { renderCheckMarkdown }, { renderJunit }, { renderAnnotations }] = await Promise.all([
    import('../reports/check/text.js'),
    import('../reports/check/markdown.js'),
    import('../reports/check/junit.js'),
    import('../reports/check/annotations.js'),
  ]);
  const { summary, junit, annotate, json } = options;
  if (summary !== undefined) await writeFileAtomic(summary, renderCheckMarkdown(reports));
  if (junit !== undefined) await writeFileAtomic(junit, renderJunit(reports));
  const stepSummary = process.env['GITHUB_STEP_SUMMARY'];
  if (stepSummary !== undefined && stepSummary !== '') await append(stepSummary, renderCheckMarkdown(reports));
  process.stdout.write(
    json === true ? JSON.stringify(reports, null, 2) + '\n' : reports.map(renderCheckText).join('\n'),
  );
  // GitHub reads commands from both streams; with --json, standard output must be pure JSON.
  if (annotate === true) (json === true ? process.stderr : process.stdout).write(renderAnnotations(reports));
}

/** Appends to the file, which other commands of the same step write to as well. */
async function append(path: string, text: string): Promise<void> {
  try {
    await appendFile(path, text);
  } catch (error) {
    throw new InputError(`${path}, named by GITHUB_STEP_SUMMARY, cannot be written (${messageOf(error)})`);
  }
}
