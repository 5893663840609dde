import type { Figures, ReportSystem, Row, SizeFigure, SizeLine, Suite } from './model.js';

export function figuresOf(suites: readonly Suite[], systems: readonly ReportSystem[]): Figures {
  const averages = suites.flatMap(({ name, average }) =>
    average === null
      ? []
      : [
          sizeFigure(
            {
              id: `average-${name}`,
              label: `${name}: average of ${average.tasks.length} tasks`,
              measure: average.measures.join(', '),
              values: average.cells.map(({ value }) => value),
              published: [],
            },
            systems,
          ),
        ],
  );
  const rows = suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts]));
  const sizes = [...averages, ...rows.map((row) => sizeFigure({ ...row, values: row.cells.map(valueOf) }, systems))];
  return { sizes: sizes.filter(({ lines }) => lines.length > 0) };
}

interface Scores extends Pick<Row, 'id' | 'label' | 'measure' | 'published'> {
  readonly values: readonly (number | null)[];
}

const valueOf = (cell: { readonly value: number } | null): number | null => cell?.value ?? null;

function sizeFigure(scores: Scores, systems: readonly ReportSystem[]): SizeFigure {
  const lines = new Map<string, { family: string; runner: string; points: SizeLine['points'][number][] }>();
  const levels: SizeFigure['levels'][number][] = [];
  systems.forEach(({ family, runner, label, parameters }, column) => {
    const value = scores.values[column];
    if (value === null || value === undefined) return;
    if (parameters === null || parameters === 0) levels.push({ label, runner, value });
    else {
      const line = lines.get(family) ?? { family, runner, points: [] };
      line.points.push({ parameters, value, label });
      lines.set(family, line);
    }
  });
  return {
    id: scores.id,
    label: scores.label,
    measure: scores.measure,
    lines: [...lines.values()],
    levels,
    published: scores.published.flatMap(({ row, score }) =>
      row.parameters === null
        ? []
        : [{ label: row.system, source: row.source, parameters: row.parameters, value: score }],
    ),
  };
}
