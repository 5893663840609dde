import { Command } from 'commander';
import { printable } from '../core/printable.js';
import { requireWritable } from '../io/folders.js';
import { reportFormats } from '../reports/write.js';
import { list } from './options.js';

interface ReportCommandOptions {
  output: string;
  format: string[];
  reference?: string;
  tasks?: string[];
  systems?: string[];
  title?: string;
  newest?: boolean;
}

const examples = `
Examples:
  $ sgpt-bench report results/demo
  $ sgpt-bench report results/a results/b --newest --output reports/both --format html,md,latex
  $ sgpt-bench report --tasks beir --systems 'BE *,BM25*' --reference 'BM25 elasticsearch'`;

/** `sgpt-bench report`: writes tables and charts of result records. */
export function reportCommand(): Command {
  return new Command()
    .argument('[results-dir...]', 'folders with results; several are merged', ['results'])
    .option('--output <dir>', 'folder to write to', 'reports/report')
    .option('--format <list>', `${reportFormats.join(', ')}, separated by commas`, list, ['html', 'md'])
    .option('--reference <system>', 'system that the others are compared with')
    .option('--tasks <list>', 'only these tasks; "beir" takes all of BEIR', list)
    .option('--systems <list>', 'only these systems or families; * stands for any text', list)
    .option('--title <text>', 'title of the report')
    .option('--newest', 'if several records have the same task and system, use the one that was written last')
    .addHelpText('after', examples)
    .action(report);
}

async function report(folders: string[], { output, format, ...options }: ReportCommandOptions): Promise<void> {
  const [{ buildReport, parseFormats, renderTextTable, writeReport }, { loadVerifiedResults }] = await Promise.all([
    import('../reports/index.js'),
    import('../results/verify.js'),
  ]);
  const formats = parseFormats(format);
  await requireWritable(output);
  const results = (await Promise.all(folders.map(loadVerifiedResults))).flat();
  const built = await buildReport(results, options);
  const files = await writeReport(built, output, formats);
  process.stdout.write(renderTextTable(built));
  process.stderr.write(files.map((file) => `wrote ${printable(file)}\n`).join(''));
}
