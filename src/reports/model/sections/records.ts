import type { MadeShards } from '../../../core/health.js';
import type {
  NumberedResult,
  ReportSection,
  ReportSystem,
  Row,
  ReportSuite,
  ReportTable,
  TableValue,
} from '../model.js';

/** A result, with the row and the column that show it. */
export interface ShownResult {
  readonly row: Row;
  readonly system: ReportSystem;
  readonly result: NumberedResult;
}

/** Cost of each score: work, speed and time. */
export function costSection(shown: readonly ShownResult[]): ReportSection {
  const table: ReportTable = {
    columns: [
      { label: 'Task', format: 'text' },
      { label: 'System', format: 'text' },
      { label: 'Score', format: 'score' },
      { label: 'Texts', format: 'count' },
      { label: 'Pairs', format: 'count' },
      { label: 'Texts or pairs per second', format: 'rate' },
      { label: 'Time', format: 'duration' },
      { label: 'By stage', format: 'text' },
      { label: 'Memory (MiB)', format: 'count' },
      { label: 'Threads', format: 'count' },
      { label: 'Machine', format: 'text' },
    ],
    lines: shown.map(costLine),
  };
  const text =
    'Vectors and scores found in the store are not counted, nor is their time. Systems of one forward pass (poolings, layers) ' +
    'share its time. Times of different machines or numbers of threads are not comparable.';
  return { id: 'cost', title: 'Cost', text, panels: [{ id: 'cost', label: 'All results', figure: null, table }] };
}

function costLine({ row, system, result }: ShownResult): TableValue[] {
  const { cost, machine } = result.record.provenance;
  const total = Object.values(cost.seconds).reduce((sum, seconds) => sum + seconds, 0);
  const working = cost.seconds['encode'] ?? cost.seconds['score'] ?? total;
  const items = cost.texts ?? cost.pairs ?? 0;
  const stages = Object.entries(cost.seconds).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    row.label,
    system.label,
    result.record.measures[row.measure] ?? null,
    cost.texts ?? null,
    cost.pairs ?? null,
    items > 0 && working > 0 ? items / working : null,
    total,
    stages.map(([stage, seconds]) => `${stage} ${seconds.toFixed(1)} s`).join(', '),
    cost.memoryMiB ?? null,
    machine.threads,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB.toFixed(0)} GiB`,
  ];
}

/** Origin of each score. */
export function provenanceSection(shown: readonly ShownResult[]): ReportSection {
  const table: ReportTable = {
    columns: [
      { label: 'Task', format: 'text' },
      { label: 'System', format: 'text' },
      { label: 'Score', format: 'score' },
      { label: 'Model', format: 'text' },
      { label: 'Data', format: 'text' },
      { label: 'Profile', format: 'text' },
      { label: 'Settings', format: 'text' },
      { label: 'First stage', format: 'text' },
      { label: 'Versions', format: 'text' },
      { label: 'Vectors made by', format: 'text' },
      { label: 'Machine', format: 'text' },
      { label: 'Made', format: 'text' },
      { label: 'Command', format: 'text' },
      { label: 'Record', format: 'text' },
    ],
    lines: shown.map(provenanceLine),
  };
  const text = 'The record of each score; checksums are SHA-256, shortened here, in full in the records.';
  return {
    id: 'provenance',
    title: 'Provenance',
    text,
    panels: [{ id: 'provenance', label: 'All results', figure: null, table }],
  };
}

function provenanceLine({ row, system, result: { record, folder } }: ShownResult): TableValue[] {
  const { model, settings } = record.system;
  const { firstStage, task, provenance } = record;
  const { machine } = provenance;
  return [
    row.label,
    system.label,
    record.measures[row.measure] ?? null,
    model === null
      ? null
      : [
          `${model.id}${model.revision === null ? '' : `@${model.revision}`}`,
          `${model.architecture} ${model.dtype}`,
          pairs(model.files, (hash) => hash.slice(0, 12)),
        ].join('; '),
    `${task.name} ${task.split}, ${task.checksum.slice(0, 12)}, ${task.documents} documents, ${task.queries} queries`,
    `${record.profile} (${record.evaluation.average} average)`,
    pairs({ ...settings, topK: record.topK }, String),
    firstStage === null ? null : `top ${firstStage.depth} of ${firstStage.name}, ${firstStage.checksum.slice(0, 12)}`,
    `${pairs(provenance.versions, String)}, build=${provenance.build}`,
    provenance.makers.map(makerText).join('; '),
    `${machine.platform}, ${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads`,
    provenance.createdAt,
    provenance.command,
    folder,
  ];
}

function makerText({ build, onnxruntime, processor, shards }: MadeShards): string {
  return `${shards} shards by build ${build} with ONNX Runtime ${onnxruntime} on ${processor}`;
}

function pairs<T>(values: Readonly<Record<string, T>>, show: (value: T) => string): string {
  return Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${show(value)}`)
    .join(', ');
}

/** The results with their rows and columns, in the order of the table. */
export function shownResults(
  suites: readonly ReportSuite[],
  systems: readonly ReportSystem[],
  results: readonly NumberedResult[],
): ShownResult[] {
  const rows = new Map(
    suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts])).map((row) => [row.id, row]),
  );
  const columns = new Map(systems.map((system) => [system.id, system]));
  return results.map((result) => ({ row: rows.get(result.row)!, system: columns.get(result.system)!, result }));
}
