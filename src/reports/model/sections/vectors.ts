import type { Panel, ReportSection } from '../model.js';
import type { ShownResult } from './records.js';

/** Score by size of a vector, for rows with cut or quantized vectors. Null if there are none. */
export function vectorsSection(shown: readonly ShownResult[]): ReportSection | null {
  const sized = shown.filter(({ result }) => result.record.provenance.cost.vectorBytes !== undefined);
  const rows = new Map<string, ShownResult[]>();
  for (const one of sized) rows.set(one.row.id, [...(rows.get(one.row.id) ?? []), one]);
  const panels = [...rows.values()].filter((ofRow) => ofRow.some(isReduced)).map(panelOf);
  if (panels.length === 0) return null;
  const text =
    "Bytes of a document's vector as it is searched: four per dimension in float32, two in float16, one in int8, an eighth in " +
    'binary. The last column compares with the largest vectors of the same model and pooling.';
  return { id: 'vectors', title: 'Quality and size of vectors', text, panels };
}

function isReduced({ result }: ShownResult): boolean {
  const { dimensions, precision } = result.record.system.settings;
  return dimensions !== undefined || precision !== undefined;
}

function panelOf(ofRow: readonly ShownResult[]): Panel {
  const { row } = ofRow[0]!;
  const scoreOf = ({ result }: ShownResult): number | null => result.record.measures[row.measure] ?? null;
  const ordered = [...ofRow].sort((a, b) => bytesOf(b) - bytesOf(a));
  const lines = ordered.map((one) => {
    const [score, best] = [scoreOf(one), scoreOf(ordered.find((other) => viewOf(other) === viewOf(one))!)];
    const kept = score === null || best === null || best === 0 ? null : `${((100 * score) / best).toFixed(1)}%`;
    return [one.system.label, bytesOf(one), score, kept];
  });
  return {
    id: `vectors-${row.id}`,
    label: row.label,
    figure: null,
    table: {
      columns: [
        { label: 'System', format: 'text' },
        { label: 'Bytes per vector', format: 'count' },
        { label: row.measure, format: 'score' },
        { label: 'Of the largest', format: 'text' },
      ],
      lines,
    },
  };
}

function bytesOf({ result }: ShownResult): number {
  return result.record.provenance.cost.vectorBytes ?? 0;
}

/** Model, pooling and layer: what the vectors were cut and quantized from. */
function viewOf({ result: { record } }: ShownResult): string {
  const { model, settings } = record.system;
  return JSON.stringify([model?.id, model?.files, settings['pooling'], settings['layer']]);
}
