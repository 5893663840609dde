import { Command, Option } from 'commander';
import { InputError } from '../core/errors.js';
import { printableLines } from '../core/printable.js';
import { profileByName, profileNames } from '../core/profile.js';
import { readQrels } from '../datasets/qrels-file.js';
import {
  defaultMeasures,
  describeMeasures,
  type Evaluation,
  type EvaluationOptions,
  evaluationOptions,
  Evaluator,
  judgedOnly,
  parseMeasures,
  plainEvaluation,
  roundHalfEven,
} from '../measures/index.js';
import { readRun, streamRun, UngroupedRunError, type RunFileOptions } from '../results/run-file.js';
import { wholeNumber } from './options.js';

export interface EvaluateOptions {
  readonly perQuery?: boolean;
  readonly complete?: boolean;
  readonly judgedOnly?: boolean;
  readonly profile?: string;
  readonly format: 'tsv' | 'json';
  readonly digits?: number;
}

/** Receiver of output: a stream, or a test's buffer. */
interface Output {
  write(text: string): unknown;
}

const help = `
${describeMeasures()}
Without --profile, means are pytrec_eval's: over the queries in run and qrels, not rounded, nothing removed.

Examples:
  sgpt-bench evaluate qrels/test.tsv run.trec.gz
  sgpt-bench evaluate qrels.txt run.trec nDCG@10 'P(rel=2)@5' --complete --per-query`;

/** `sgpt-bench evaluate`: measures of a run file. Loads no model code, so that it starts fast. */
export function evaluateCommand(): Command {
  return new Command()
    .argument('<QRELS>', 'judgements: BEIR TSV or TREC qrels, plain or gzip')
    .argument('<RUN>', 'TREC run file, plain or gzip')
    .argument('[MEASURE...]', `measures (default: ${defaultMeasures.join(' ')})`)
    .option('--per-query', 'print every query too: measure, query, value; the mean is query "all"')
    .option('--complete', 'average over all judged queries; one missing in the run counts 0 (trec_eval -c)')
    .option('--judged-only', 'remove unjudged documents from the rankings first (trec_eval -J)')
    .addOption(new Option('--profile <name>', 'average and round as a reference program').choices(profileNames))
    .addOption(
      new Option('--format <format>', 'tsv, or json in full precision').choices(['tsv', 'json']).default('tsv'),
    )
    .option('--digits <n>', "decimal places of tsv (default: the profile's, or 4)", wholeNumber({ to: 17 }))
    .addHelpText('after', help)
    .action((qrels: string, run: string, measures: string[], options: EvaluateOptions) =>
      evaluateFiles(qrels, run, measures, options, standardOutput(), process.stderr),
    );
}

/** Query ids are written as they are, so that programs can read them back, but not to a terminal. */
function standardOutput(): Output {
  const { stdout } = process;
  return stdout.isTTY ? { write: (text) => stdout.write(printableLines(text)) } : stdout;
}

/**
 * Evaluates a run file.
 * @param measures names; if empty, the default measures
 * @param out receives the values
 * @param notes receives remarks on run and qrels, such as queries without a ranking
 */
export async function evaluateFiles(
  qrelsPath: string,
  runPath: string,
  measures: readonly string[],
  options: EvaluateOptions,
  out: Output,
  notes: Output,
): Promise<void> {
  if (options.format === 'json' && options.digits !== undefined)
    throw new InputError('--digits has no use with --format json, which prints full precision; leave one out');
  const parsed = parseMeasures(measures.length === 0 ? defaultMeasures : measures);
  const chosen = options.judgedOnly === true ? parsed.map(judgedOnly) : parsed;
  const settings = settingsOf(options);
  const qrels = await readQrels(qrelsPath);
  const evaluation = await evaluateFile(runPath, () => new Evaluator(qrels, chosen, settings), settings);
  writeNotes(evaluation, settings, notes);
  if (options.format === 'json') writeJson(evaluation, { qrels: qrelsPath, run: runPath, ...settings }, options, out);
  else writeLines(evaluation, options, options.digits ?? settings.decimals ?? 4, out);
}

/** A run file does not name its task; so `mteb`, which removes identical ids on some tasks, keeps them here. */
function settingsOf({ profile, complete }: EvaluateOptions): EvaluationOptions {
  const settings = profile === undefined ? plainEvaluation : evaluationOptions(profileByName(profile));
  return complete === true ? { ...settings, average: 'complete' } : settings;
}

/** Evaluates query by query if the file is grouped by query, else with the whole run in memory. */
async function evaluateFile(
  path: string,
  newEvaluator: () => Evaluator,
  settings: EvaluationOptions,
): Promise<Evaluation> {
  // As in trec_eval, infinite scores are ranked first and last.
  const reading: RunFileOptions = { ties: settings.beirCustom === true ? 'file' : 'id', infinite: 'accept' };
  try {
    const evaluator = newEvaluator();
    for await (const { query, ranking } of streamRun(path, reading)) evaluator.add(query, ranking);
    return finish(evaluator, path);
  } catch (error) {
    if (!(error instanceof UngroupedRunError)) throw error;
  }
  const evaluator = newEvaluator();
  for (const [query, ranking] of await readRun(path, reading)) evaluator.add(query, ranking);
  return finish(evaluator, path);
}

function finish(evaluator: Evaluator, path: string): Evaluation {
  try {
    return evaluator.finish();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${path}: ${error.message}`, { cause: error }) : error;
  }
}

function writeNotes({ counts }: Evaluation, { average }: EvaluationOptions, notes: Output): void {
  const { judged, missing, unjudged } = counts;
  const treatment = average === 'complete' ? 'they count 0' : 'they are left out of means (--complete counts them 0)';
  if (missing > 0) notes.write(`note: ${missing} of ${judged} judged queries are not in the run; ${treatment}\n`);
  if (unjudged > 0) notes.write(`note: ${unjudged} queries of the run are not judged; they are left out\n`);
}

function writeLines({ means, perQuery }: Evaluation, options: EvaluateOptions, digits: number, out: Output): void {
  const decimal = (value: number): string => roundHalfEven(value, digits).toFixed(digits);
  for (const [measure, mean] of means) {
    if (options.perQuery !== true) out.write(`${measure}\t${decimal(mean)}\n`);
    else {
      const lines = Array.from(perQuery.get(measure)!, ([query, value]) => `${measure}\t${query}\t${decimal(value)}\n`);
      out.write(`${lines.join('')}${measure}\tall\t${decimal(mean)}\n`);
    }
  }
}

/** Queries are written as a list: an object would reorder numeric ids. */
function writeJson(evaluation: Evaluation, header: object, options: EvaluateOptions, out: Output): void {
  const { means, perQuery, counts } = evaluation;
  const queries = [...new Set([...perQuery.values()].flatMap((values) => [...values.keys()]))].map((id) => ({
    id,
    values: Object.fromEntries(Array.from(perQuery, ([measure, values]) => [measure, values.get(id) ?? null])),
  }));
  const value = {
    ...header,
    counts,
    means: Object.fromEntries(means),
    ...(options.perQuery === true ? { queries } : {}),
  };
  out.write(JSON.stringify(value, null, 2) + '\n');
}
