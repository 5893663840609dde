import { appendFile } from 'node:fs/promises';
import { Command } from 'commander';
import { InputError, messageOf } from '../core/errors.js';
import { exists, writeFileAtomic } from '../io/files.js';
import type { Baseline } from '../results/check/baseline.js';
import { hasFailed, type CheckReport } from '../results/check/check-report.js';
import type { GateLimits } from '../results/check/limits.js';
import type { SortedResults } from '../results/verify.js';
import { addCheckOptions, checkModeOf, type CheckOptions } from './check-options.js';
import { exitCodes } from './exit-codes.js';

const help = `
With --baseline, every measure that the baseline gates is compared. A result fails if a mean dropped by more than --max-drop
and the drop is significant at --alpha (one-sided paired randomisation test, after Holm's correction for all measures of all
results); if it dropped by more than --large-drop, or by more than half of that and of itself; if it is missing or damaged;
or if its data, queries or profile differ. With --alpha 1, every drop larger than --max-drop fails.
With --published, a result fails if it differs by more than --tolerance from the published score of the same task and system.
The summary is also appended to the file named by GITHUB_STEP_SUMMARY, if set. Exit status: 0 passed, 1 failed.

Examples:
  sgpt-bench check --baseline results/baseline/demo.json --results results/demo
  sgpt-bench check --baseline results/baseline/demo.json --results results/demo --update
  sgpt-bench check --baseline baseline.json --update --measure nDCG@10,R@100
  sgpt-bench check --baseline baseline.json --junit check.xml --annotate
  sgpt-bench check --published --results results --tolerance 0.002`;

/** `sgpt-bench check`: a gate against regressions, and against deviations from published scores. */
export function checkCommand(): Command {
  return addCheckOptions(new Command()).addHelpText('after', help).action(check);
}

async function check(options: CheckOptions): Promise<void> {
  const mode = checkModeOf(options);
  const [{ loadResults }, { sortResults }] = await Promise.all([
    import('../results/store.js'),
    import('../results/verify.js'),
  ]);
  const sorted = await sortResults(await loadResults(options.results));
  if (mode.kind === 'published') return finish([await publishedReport(sorted, mode.tolerance)], options);
  const { onePerEntry } = await import('../results/check/baseline.js');
  const results = { ...sorted, whole: await onePerEntry(sorted.whole, options.newest === true) };
  if (mode.kind === 'baseline') {
    const { readBaseline } = await import('../results/check/baseline.js');
    return finish([await baselineReport(mode.path, await readBaseline(mode.path), results, mode.limits)], options);
  }
  // Differences from the old baseline are only reported: the new one replaces it.
  await write(await updateBaseline(mode.path, results, options.measure, mode.limits), options);
}

async function finish(reports: readonly CheckReport[], options: CheckOptions): Promise<void> {
  if (reports.some(hasFailed)) process.exitCode = exitCodes.checkFailed;
  await write(reports, options);
}

async function publishedReport({ whole, damaged }: SortedResults, tolerance: number): Promise<CheckReport> {
  const [{ checkPublished }, { damagedResult }] = await Promise.all([
    import('../results/check/published-check.js'),
    import('../results/check/gate.js'),
  ]);
  const records = whole.map(({ record }) => record);
  const cases = damaged.length > 0 && records.length === 0 ? [] : checkPublished(records, tolerance);
  const rule = `A result fails if it differs by more than ${tolerance} from the published score of its task and system.`;
  return {
    title: 'Published scores',
    against: 'published',
    rule,
    cases: [...cases, ...damaged.map(damagedResult)],
  };
}

async function baselineReport(
  path: string,
  baseline: Baseline,
  { whole, damaged }: SortedResults,
  limits: GateLimits,
): Promise<CheckReport> {
  const { checkBaseline } = await import('../results/check/gate.js');
  const { maxDrop, alpha, largeDrop } = limits;
  return {
    title: `Baseline ${path}`,
    against: 'baseline',
    rule:
      `A result fails if it is missing, damaged or not comparable, if a mean fell by more than ${maxDrop} with a corrected p of ` +
      `at most ${alpha} (one-sided paired randomisation test), or by more than ${largeDrop} (${largeDrop / 2} where that is more than half of it) ` +
      'whatever p is.',
    cases: checkBaseline(baseline, whole, limits, damaged),
  };
}

/** Writes the new baseline, and reports its differences from the old one, if that is readable. */
async function updateBaseline(
  path: string,
  results: SortedResults,
  chosen: readonly string[] | undefined,
  limits: GateLimits,
): Promise<CheckReport[]> {
  const { baselineOf, baselineVersion, BASELINE_VERSION, readBaseline, writeBaseline } =
    await import('../results/check/baseline.js');
  const [damaged] = results.damaged;
  if (damaged !== undefined)
    throw new InputError(
      `no baseline was written, as ${damaged.folder} is damaged: ${damaged.flaw}; run the task again`,
    );
  // `baselineVersion` throws for a file that is not a baseline, so that no other file is overwritten.
  const version = (await exists(path)) ? await baselineVersion(path) : undefined;
  const old = version === BASELINE_VERSION ? await readBaseline(path) : undefined;
  const reports = old === undefined ? [] : [await baselineReport(path, old, results, limits)];
  await writeBaseline(path, baselineOf(results.whole, { chosen, old }));
  process.stderr.write(`wrote ${path}: ${results.whole.length} results\n`);
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
