import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { requireWritable } from '../io/folders.js';
import { defaultThreads, positive } from './options.js';
import { runSpecs } from './run-specs.js';
import type { SystemValues } from '../runners/specs.js';

/** The bundled model sizes: each has a causal model, and a bi-encoder that differs from it only in bias tensors. */
const sizes = ['170k', '870k', '4m'];
const folderOf = (name: string): string => fileURLToPath(new URL(`../../models/demo/${name}`, import.meta.url));

const biEncoders: SystemValues = {
  model: sizes.map((size) => folderOf(`sgpt-${size}-weightedmean-specb-bitfit`)),
  pooling: ['weightedmean', 'mean', 'lasttoken'],
};
const crossEncoders: SystemValues = { model: sizes.map((size) => folderOf(`gpt-neo-${size}`)), prompt: ['G'] };

/** The demonstration's tasks and systems. */
const demoRuns: readonly { readonly task: readonly string[]; readonly systems: SystemValues }[] = [
  { task: ['demo/computing'], systems: { ...biEncoders, runner: ['bm25', 'bi-encoder', 'oracle'] } },
  { task: ['demo/computing', 'demo/useb/askubuntu'], systems: { ...crossEncoders, runner: ['cross-encoder'] } },
  { task: ['demo/useb'], systems: biEncoders },
];

/**
 * `sgpt-bench demo`: runs the bundled models on the bundled data: BM25, SGPT-BE with several poolings and SGPT-CE, in three
 * sizes, on a retrieval task and on USEB's tasks.
 */
export function demoCommand(): Command {
  return new Command()
    .option('--output <dir>', 'folder to write results to', 'results/demo')
    .option('--report <dir>', 'folder to write the report to', 'reports/demo')
    .option('--threads <n>', 'threads for models and search', positive, defaultThreads)
    .option('--overwrite', 'recompute results that exist already')
    .option('--quiet', 'show no progress')
    .action(demo);
}

async function demo(options: {
  output: string;
  report: string;
  threads: number;
  overwrite?: boolean;
  quiet?: boolean;
}): Promise<void> {
  await requireWritable(options.report);
  const results = [];
  const { specsOf } = await import('../runners/specs.js');
  for (const { task, systems } of demoRuns) {
    const specs = await specsOf(systems);
    const planOptions = { task, profile: 'sgpt-paper', topK: 1000, datasetsDir: 'datasets', ...options };
    results.push(...(await runSpecs(specs, planOptions)));
  }
  const { buildReport, renderTextTable, writeReport } = await import('../reports/index.js');
  const report = await buildReport(results, { title: 'Demonstration', reference: 'BM25 elasticsearch' });
  const files = await writeReport(report, options.report, ['md', 'html']);
  process.stdout.write(renderTextTable(report));
  process.stderr.write(`results in ${options.output}; report: ${files.join(', ')}\n`);
}
