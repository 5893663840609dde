import { loadPerQuery } from '../../../results/store.js';
import { scoresByDepth, type DepthScores } from '../../../results/depths.js';
import type { DepthFigure } from '../figures.js';
import type { NumberedResult, Panel, ReportSection, ReportTable } from '../model.js';
import { hasPerQuery } from '../queries.js';
import type { ShownResult } from './records.js';
import { isBound } from '../order.js';

const depths = [10, 20, 50, 100];

/** A re-ranker's scores by depth. */
interface Series {
  readonly entry: ShownResult;
  readonly scores: readonly DepthScores[];
}

/**
 * Scores by re-ranking depth, computed from the runs of re-rankers and of their first stages. A re-ranker is left out if
 * its first stage is not among the results.
 */
export async function depthSection(shown: readonly ShownResult[]): Promise<ReportSection | null> {
  const panels: Panel[] = [];
  for (const row of new Set(shown.map((entry) => entry.row))) {
    const entries = shown.filter((entry) => entry.row === row);
    const series: Series[] = [];
    for (const entry of entries) {
      const scores = await scoresOf(entry.result, entries);
      if (scores !== undefined && scores.length > 1) series.push({ entry, scores });
    }
    if (series.length > 0) panels.push(depthPanel(series));
  }
  if (panels.length === 0) return null;
  const text =
    'Scores if only the first d documents of the first stage are re-ranked, computed from the stored runs. The oracle sorts ' +
    'the same documents by grade: no re-ranker can do better.';
  return { id: 'depth', title: 'Re-ranking depth', text, panels };
}

async function scoresOf(result: NumberedResult, others: readonly ShownResult[]): Promise<DepthScores[] | undefined> {
  const { firstStage, system } = result.record;
  if (firstStage === null || isBound(system.runner)) return undefined;
  const stage = others.find(({ result: other }) => other.record.system.name === firstStage.name)?.result;
  if (stage === undefined || !(await hasPerQuery(result))) return undefined;
  return scoresByDepth(result, await loadPerQuery(result), stage, depths);
}

function depthPanel(series: readonly Series[]): Panel {
  const { row } = series[0]!.entry;
  const known = depths.filter((depth) => series.some(({ scores }) => scores.some((score) => score.depth === depth)));
  const values = (scores: readonly DepthScores[], of: 'reranked' | 'ceiling'): (number | null)[] =>
    known.map((depth) => scores.find((score) => score.depth === depth)?.[of] ?? null);
  // First stages differ in their first d documents, so each has its own upper bound.
  const ceilings = new Map(series.map(({ entry, scores }) => [entry.result.record.firstStage!.name, scores]));
  const lines = [
    ...series.map(({ entry, scores }) => ({
      label: entry.system.label,
      ceiling: false,
      values: values(scores, 'reranked'),
    })),
    ...[...ceilings].map(([stage, scores]) => ({
      label: `Oracle over ${stage}`,
      ceiling: true,
      values: values(scores, 'ceiling'),
    })),
  ];
  const id = `depth-${row.id}`;
  const figure: DepthFigure = { kind: 'depth', id, label: row.label, measure: row.measure, depths: known, lines };
  return { id, label: row.label, figure, table: depthTable(figure) };
}

function depthTable({ depths: columns, lines }: DepthFigure): ReportTable {
  return {
    columns: [
      { label: 'System', format: 'text' },
      ...columns.map((depth) => ({ label: `top ${depth}`, format: 'score' as const })),
    ],
    lines: lines.map(({ label, values }) => [label, ...values]),
  };
}
