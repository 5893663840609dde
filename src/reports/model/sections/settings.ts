import { compareCodePoints } from '../../../core/text.js';
import { canonicalJson } from '../../../core/canonical-json.js';
import type { HeatFigure } from '../figures.js';
import type { NumberedResult, Panel, ReportSection, Row, ReportSuite, TableValue } from '../model.js';

/** Pooling by layer: one grid for each task and model that was run with several layers. */
export function layersSection(
  suites: readonly ReportSuite[],
  results: readonly NumberedResult[],
): ReportSection | null {
  const panels = rowsOf(suites).flatMap((row) => {
    const models = groupBy(
      results.filter((result) => result.row === row.id && typeof result.record.system.settings['layer'] === 'number'),
      ({ record: { system } }) =>
        canonicalJson([system.model, without(system.settings, ['layer', 'pooling', 'dimensions'])]),
    );
    return [...models.values()].flatMap((group, i) => layerPanel(row, group, i));
  });
  if (panels.length === 0) return null;
  const text =
    'Hidden state 0 is the embeddings; the last is the model’s output. The stronger the colour, the higher the score.';
  return { id: 'layers', title: 'Pooling by layer', text, panels };
}

function layerPanel(row: Row, results: readonly NumberedResult[], index: number): Panel[] {
  const cells = results.map(({ record: { system, measures } }) => ({
    layer: system.settings['layer'] as number,
    pooling: String(system.settings['pooling'] ?? 'unknown'),
    value: measures[row.measure] ?? null,
  }));
  const layers = [...new Set(cells.map(({ layer }) => layer))].sort((a, b) => a - b);
  if (layers.length < 2) return [];
  const poolings = [...new Set(cells.map(({ pooling }) => pooling))].sort(compareCodePoints);
  const values = poolings.map((pooling) =>
    layers.map((layer) => cells.find((cell) => cell.pooling === pooling && cell.layer === layer)?.value ?? null),
  );
  const id = `layers-${row.id}-${index + 1}`;
  const label = `${row.label}: ${results[0]!.record.system.model?.id ?? results[0]!.record.system.name}`;
  const figure: HeatFigure = { kind: 'heat', id, label, measure: row.measure, layers, poolings, values };
  return [{ id, label, figure, table: layerTable(figure) }];
}

function layerTable({ layers, poolings, values }: HeatFigure): Panel['table'] {
  return {
    columns: [
      { label: 'Layer', format: 'text' },
      ...poolings.map((pooling) => ({ label: pooling, format: 'score' as const, heat: true })),
    ],
    lines: layers.map((layer, i): TableValue[] => [layer, ...values.map((line) => line[i]!)]),
  };
}

/** Scores by prompt: one table for each task that was run with several prompts. */
export function promptsSection(
  suites: readonly ReportSuite[],
  results: readonly NumberedResult[],
): ReportSection | null {
  const panels = rowsOf(suites).flatMap((row): Panel[] => {
    const prompted = results.filter(
      ({ row: id, record }) => id === row.id && typeof record.system.settings['prompt'] === 'string',
    );
    const models = groupBy(prompted, ({ record }) => promptlessLabel(record));
    const prompts = [...new Set(prompted.map(promptOf))].sort(compareCodePoints);
    if (prompts.length < 2) return [];
    const columns = [...models.keys()].map((label) => ({ label, format: 'score' as const, heat: true }));
    const lines = prompts.map((prompt): TableValue[] => [
      prompt,
      ...[...models.values()].map(
        (group) => group.find((result) => promptOf(result) === prompt)?.record.measures[row.measure] ?? null,
      ),
    ]);
    const table = { columns: [{ label: 'Prompt', format: 'text' as const }, ...columns], lines };
    return [{ id: `prompts-${row.id}`, label: row.label, figure: null, table }];
  });
  if (panels.length === 0) return null;
  return { id: 'prompts', title: 'Prompts', text: 'The letters are those of the SGPT paper’s ablation.', panels };
}

function promptOf({ record }: NumberedResult): string {
  const { prompt, template } = record.system.settings;
  return prompt === 'custom' && typeof template === 'string' ? `custom: ${template}` : String(prompt);
}

/** The label of a column: runner, model, pooling and first stage, which its systems share. */
function promptlessLabel({ system, firstStage }: NumberedResult['record']): string {
  const { pooling, layer } = system.settings;
  const parts = [system.model?.id ?? system.runner, system.model?.dtype ?? ''].filter(
    (part) => part !== 'fp32' && part !== '',
  );
  if (typeof pooling === 'string') parts.push(typeof layer === 'number' ? `${pooling} layer ${layer}` : pooling);
  if (firstStage !== null) parts.push(`top ${firstStage.depth} of ${firstStage.name}`);
  return parts.join(', ');
}

function rowsOf(suites: readonly ReportSuite[]): Row[] {
  return suites.flatMap((suite) => suite.rows.flatMap((row) => (row.parts.length > 0 ? row.parts : [row])));
}

function without(settings: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
