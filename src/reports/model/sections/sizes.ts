import type { Panel, ReportSection, ReportSystem, Row, ReportSuite, ReportTable, TableValue } from '../model.js';
import type { SizeFigure, SizePoint } from '../figures.js';

/** Score by model size: each suite's averages, then its rows. Null if no model has a size. */
export function sizesSection(suites: readonly ReportSuite[], systems: readonly ReportSystem[]): ReportSection | null {
  const scores = suites.flatMap((suite, i) => [...averageScores(suite, i + 1), ...rowScores(suite)]);
  const panels = scores
    .map((score) => sizeFigure(score, systems))
    .filter(({ lines }) => lines.length > 0)
    .map((figure): Panel => ({ id: `sizes-${figure.id}`, label: figure.label, figure, table: sizeTable(figure) }));
  if (panels.length === 0) return null;
  const text =
    'One line per family, by number of parameters; systems without parameters are level lines, published scores hollow.';
  return { id: 'sizes', title: 'Across model sizes', text, panels };
}

function averageScores({ name, averages }: ReportSuite, number: number): PlottedScores[] {
  return averages.map((average, i) => ({
    id: `average${number}.${i + 1}`,
    label: `${name}, average of ${average.tasks.length} of ${average.of} tasks`,
    measure: average.measures.length === 1 ? average.measures[0]! : 'Main measures',
    values: average.cells.map((cell) => cell?.value ?? null),
    published: [],
  }));
}

function rowScores({ rows }: ReportSuite): PlottedScores[] {
  return rows
    .flatMap((row) => [row, ...row.parts])
    .map((row) => ({ ...row, values: row.cells.map((cell) => cell?.value ?? null) }));
}

interface PlottedScores extends Pick<Row, 'id' | 'label' | 'measure' | 'published'> {
  readonly values: readonly (number | null)[];
}

function sizeFigure(scores: PlottedScores, systems: readonly ReportSystem[]): SizeFigure {
  const lines = new Map<string, { family: string; runner: string; points: SizePoint[] }>();
  const levels: SizeFigure['levels'][number][] = [];
  systems.forEach((system, column) => {
    const { family, runner, label, parameters } = system;
    const value = scores.values[column];
    if (value === null || value === undefined || isOneOfLayers(system, systems)) return;
    if (parameters === null || parameters === 0) levels.push({ label, runner, value });
    else {
      const line = lines.get(family) ?? { family, runner, points: [] };
      line.points.push({ parameters, value, label });
      lines.set(family, line);
    }
  });
  const published = scores.published.flatMap(({ row: { system, parameters }, score }) =>
    parameters === null ? [] : [{ label: system, parameters, value: score }],
  );
  const { id, label, measure } = scores;
  return { kind: 'sizes', id, label, measure, lines: [...lines.values()], levels, published };
}

/** True for a layer below the last one, of one model only: it is shown in the grid of layers, not in a line of sizes. */
function isOneOfLayers({ view, model, family }: ReportSystem, systems: readonly ReportSystem[]): boolean {
  if (view === null || systems.some((other) => other.family === family && other.model !== model)) return false;
  const sameModel = systems.filter((other) => other.model === model && other.view?.pooling === view.pooling);
  return sameModel.some((other) => other.view!.layer > view.layer);
}

function sizeTable({ lines, levels, published, measure }: SizeFigure): ReportTable {
  const point = (family: string, { label, parameters, value }: SizePoint): TableValue[] => [
    family,
    label,
    parameters,
    value,
  ];
  return {
    columns: [
      { label: 'Family', format: 'text' },
      { label: 'System', format: 'text' },
      { label: 'Parameters', format: 'parameters' },
      { label: measure, format: 'score' },
    ],
    lines: [
      ...lines.flatMap(({ family, points }) => points.map((p) => point(family, p))),
      ...levels.map(({ label, value }) => [null, label, null, value]),
      ...published.map((p) => point('Published', p)),
    ],
  };
}
