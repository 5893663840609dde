import { Command } from 'commander';
import type { Inspection } from '../models/inspect.js';
import { stderrProgress } from './progress.js';
import { printJson, printTable } from './table.js';

/** `sgpt-bench models`: lists the paper's models, and describes a checkpoint. */
export function modelsCommand(): Command {
  const command = new Command();
  command
    .command('list')
    .description('the models of the SGPT paper and of its comparisons; families of embedding models')
    .option('--json', 'print the catalogue as JSON')
    .action(list);
  command
    .command('inspect')
    .description("a checkpoint's configuration, tensors and memory need, and what would run")
    .argument('<model>', 'model folder or hub id, which is fetched if need be')
    .option('--json', 'print everything as JSON')
    .option('--quiet', 'show no progress')
    .action(inspect);
  return command;
}

async function list({ json }: { json?: boolean }): Promise<void> {
  const [{ modelCatalogue }, { familyRows }] = await Promise.all([
    import('../models/hub/catalogue.js'),
    import('../models/hub/families.js'),
  ]);
  if (json === true) {
    printJson(modelCatalogue);
    return;
  }
  const rows = modelCatalogue.map((model) => [
    model.id,
    size(model.millions),
    model.use,
    model.pooling ?? `prompt ${model.prompt ?? '?'}`,
    model.brackets ?? '-',
    String(model.maxTokens),
    model.profile,
    model.revision?.slice(0, 7) ?? '?',
  ]);
  const head = ['model', 'parameters', 'use', 'pooling', 'brackets', 'tokens', 'profile', 'revision'];
  printTable([head, ...rows], [1, 5]);
  process.stdout.write('\nFamilies of embedding models, as their publishers run them (docs/models.md):\n');
  printTable(familyRows());
}

async function inspect(model: string, { json, quiet }: { json?: boolean; quiet?: boolean }): Promise<void> {
  const { inspectModel } = await import('../models/inspect.js');
  const inspection = await inspectModel(model, stderrProgress(quiet === true));
  if (json === true) {
    printJson(inspection);
    return;
  }
  printTable([...summary(inspection), ...runs(inspection)]);
  process.stdout.write('\n');
  const tensors = inspection.tensors.map(({ name, type, shape, bytes, file }) => [
    name,
    type,
    `[${shape.join(', ')}]`,
    megabytes(bytes),
    file.slice(file.lastIndexOf('/') + 1),
  ]);
  printTable([['tensor', 'type', 'shape', 'size', 'file'], ...tensors], [3]);
}

function summary({ id, revision, folder, modelType, files, parameters, weightBytes, copies }: Inspection): string[][] {
  const [stored, float32] = [weightBytes.stored, weightBytes.float32].map(megabytes) as [string, string];
  return [
    ['model', revision === null ? id : `${id}@${revision}`],
    ['folder', folder],
    ['model_type', modelType],
    ...files.map(({ name, bytes }, i) => [i === 0 ? 'files' : '', `${name}  ${megabytes(bytes)}`]),
    ['parameters', `${parameters} (${size(parameters / 1e6)})`],
    ['memory', `weights ${stored} stored, ${float32} as float32; workers share weights that are float32 in the file`],
    ...(copies.length === 0 ? ['none: all weights are used in place'] : copies).map((copy, i) => [
      i === 0 ? 'copied weights' : '',
      copy,
    ]),
  ];
}

function runs({ runs: found, problem }: Inspection): string[][] {
  if (found === null) return [['would run', `no: ${problem ?? '?'}`]];
  const { before, after } = found.specialTokens;
  const special = before.length + after.length === 0 ? 'none' : `${before.join(' ')} … ${after.join(' ')}`.trim();
  const { positions, own } = found.maxTokens;
  return [
    ['would run', `${found.kind}: ${found.layers} layers of ${found.hiddenSize}, ${found.vocabularySize} tokens`],
    ['longest input', `${positions ?? 'unlimited'} positions${own === null ? '' : `, its settings say ${own} tokens`}`],
    ['pooling', `${found.defaultPooling ?? 'none: name it with --pooling'} (${found.dimensions} dimensions)`],
    ['poolings', found.poolings.join(', ')],
    ['similarity', found.similarity],
    ['prompts', promptsOf(found.prompts)],
    ['brackets', found.brackets],
    ['special token ids', special],
  ];
}

function promptsOf({ query, document }: { readonly query: string | null; readonly document: string | null }): string {
  const shown = (prompt: string | null): string => (prompt === null ? 'none' : JSON.stringify(prompt));
  return query === null && document === null ? 'none' : `queries ${shown(query)}, documents ${shown(document)}`;
}

function size(millions: number): string {
  return millions >= 1000 ? `${Number((millions / 1000).toPrecision(2))}B` : `${Number(millions.toPrecision(3))}M`;
}

function megabytes(bytes: number): string {
  if (bytes < 1e5) return `${(bytes / 1000).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
