import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { BenchPlan } from '../pipeline/run-plan.js';
import { defaultThreads, positive } from './options.js';
import { runPlan } from './run-plan.js';

/** The bundled checkpoints by size: each causal model, and its bi-encoder that differs in bias tensors only. */
const sizes = ['170k', '870k', '4m'];
const folderOf = (name: string): string => fileURLToPath(new URL(`../../models/demo/${name}`, import.meta.url));

const common = {
  layers: undefined,
  brackets: 'auto',
  dtype: 'fp32',
  bm25: undefined,
  firstStage: 'bm25',
} as const;

const biEncoders = {
  ...common,
  models: sizes.map((size) => folderOf(`sgpt-${size}-weightedmean-specb-bitfit`)),
  poolings: ['weightedmean', 'mean', 'lasttoken'],
  prompts: [],
};

const crossEncoders = {
  ...common,
  models: sizes.map((size) => folderOf(`gpt-neo-${size}`)),
  poolings: [],
  prompts: ['G'],
};

const plans: readonly { readonly task: string[]; readonly plan: BenchPlan }[] = [
  { task: ['demo/computing'], plan: { ...biEncoders, runners: ['bm25', 'bi-encoder', 'oracle'] } },
  { task: ['demo/computing', 'demo/useb/askubuntu'], plan: { ...crossEncoders, runners: ['cross-encoder'] } },
  { task: ['demo/useb'], plan: { ...biEncoders, runners: ['bi-encoder'] } },
];

/**
 * `sgpt-bench demo`: the main job on what is bundled: BM25, SGPT-BE by pooling and SGPT-CE, in three model sizes, on a
 * retrieval task and on USEB's tasks.
 */
export function demoCommand(): Command {
  return new Command('demo')
    .description('run the bundled models on the bundled data sets and write a report')
    .option('--output <dir>', 'where results go', 'results/demo')
    .option('--report <dir>', 'where the report goes', 'reports/demo')
    .option('--threads <n>', 'threads for models and search', positive, defaultThreads)
    .option('--overwrite', 'do finished work again')
    .option('--quiet', 'no progress')
    .action(demo);
}

async function demo(options: {
  output: string;
  report: string;
  threads: number;
  overwrite?: boolean;
  quiet?: boolean;
}): Promise<void> {
  const results = [];
  for (const { task, plan } of plans) {
    results.push(
      ...(await runPlan(plan, {
        task,
        profile: 'sgpt-paper',
        depth: 100,
        topK: 1000,
        datasetsDir: 'datasets',
        ...options,
      })),
    );
  }
  const { buildReport, renderTextTable, writeReport } = await import('../reports/index.js');
  const report = await buildReport(results, { title: 'Demonstration', reference: 'BM25 elasticsearch' });
  const files = await writeReport(report, options.report, ['md', 'html']);
  process.stdout.write(renderTextTable(report));
  process.stderr.write(`results in ${options.output}; report: ${files.join(', ')}\n`);
}
