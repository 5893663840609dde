import { Command, InvalidArgumentError } from 'commander';
import { list, wholeNumber } from './options.js';

interface CompareOptions {
  readonly task?: string;
  readonly system: readonly string[];
  readonly measures?: string[];
  readonly queries: number;
  readonly json?: boolean;
}

const help = `
A query that only one of the two ranks counts 0 for the other. p-values are two-sided; for several measures, the column
"Holm" has the corrected ones. The random seed is fixed, so the same results always give the same numbers.

Examples:
  sgpt-bench compare results/before results/after --task beir/nfcorpus --system 'BM25 elasticsearch'
  sgpt-bench compare results/demo results/demo --system lasttoken --system weightedmean --task demo/computing
  sgpt-bench compare results/A-FOLDER results/B-FOLDER --measures nDCG@10,R@100 --queries 10`;

/** `sgpt-bench compare`: compares two results on the same data, query by query. */
export function compareCommand(): Command {
  return new Command()
    .argument('<A>', 'folder of one result, or of several with --task and --system')
    .argument('<B>', 'the same for the other one; differences are B - A')
    .option('--task <name>', 'the task, if a folder has several')
    .option(
      '--system <name>',
      'the system, or part of its name; give it twice to name one in A and one in B',
      collectTwo,
      [],
    )
    .option('--measures <names>', 'measures to compare (default: all that both results have)', list)
    .option('--queries <n>', 'how many of the queries that changed most to show', wholeNumber(), 5)
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(compare);
}

async function compare(pathA: string, pathB: string, options: CompareOptions): Promise<void> {
  const [{ chooseResult }, { compareResults }, { loadVerifiedFully }] = await Promise.all([
    import('../results/compare/choose-result.js'),
    import('../results/compare/comparison.js'),
    import('../results/verify.js'),
  ]);
  const { task, system, measures, queries } = options;
  const load = async (path: string, name: string | undefined): Promise<Parameters<typeof compareResults>[0]> => {
    return loadVerifiedFully(await chooseResult(path, { task, system: name }));
  };
  const a = await load(pathA, system[0]);
  const b = await load(pathB, system[1] ?? system[0]);
  const comparison = compareResults(a, b, { measures, queries });
  if (options.json === true) {
    const side = ({ folder, record }: typeof a): object => ({ folder, record });
    const value = { ...comparison, a: side(a), b: side(b) };
    process.stdout.write(JSON.stringify(value, null, 2) + '\n');
  } else {
    const { renderComparison } = await import('../reports/formats/comparison.js');
    process.stdout.write(renderComparison(comparison));
  }
}

function collectTwo(value: string, before: readonly string[]): string[] {
  if (before.length < 2) return [...before, value];
  throw new InvalidArgumentError('expected at most two: the systems of A and of B.');
}
