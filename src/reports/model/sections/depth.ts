import { loadPerQuery } from '../../../results/store.js';
import { scoresByDepth, type DepthScores } from '../../../results/depths.js';
import type { DepthFigure, NumberedResult, Panel, Part, ReportTable } from '../model.js';
import { hasPerQuery } from '../queries.js';
import type { Named } from './records.js';
import { isBound } from '../order.js';

const depths = [10, 20, 50, 100];

/** A re-ranker's scores by depth. */
interface Series {
  readonly named: Named;
  readonly scores: readonly DepthScores[];
}

/**
 * Scores against re-ranking depth, computed from the runs of re-rankers and of their first stages. Re-rankers whose first
 * stage is not among the results are left out.
 */
export async function depthPart(named: readonly Named[]): Promise<Part | null> {
  const panels: Panel[] = [];
  for (const row of new Set(named.map((entry) => entry.row))) {
    const entries = named.filter((entry) => entry.row === row);
    const series: Series[] = [];
    for (const entry of entries) {
      const scores = await scoresOf(entry.result, entries);
      if (scores !== undefined && scores.length > 1) series.push({ named: entry, scores });
    }
    if (series.length > 0) panels.push(depthPanel(series));
  }
  if (panels.length === 0) return null;
  const text =
    'Re-ranking the first d documents of the first stage, from the runs that are there. The oracle puts the same ' +
    'documents in the order of their grades: no re-ranker of them does better.';
  return { id: 'depth', title: 'Re-ranking depth', text, panels };
}

async function scoresOf(result: NumberedResult, others: readonly Named[]): Promise<DepthScores[] | undefined> {
  const { firstStage, system } = result.record;
  if (firstStage === null || isBound(system.runner)) return undefined;
  const stage = others.find(({ result: other }) => other.record.system.name === firstStage.name)?.result;
  if (stage === undefined || !(await hasPerQuery(result))) return undefined;
  return scoresByDepth(result, await loadPerQuery(result), stage, depths);
}

function depthPanel(series: readonly Series[]): Panel {
  const { row } = series[0]!.named;
  const known = depths.filter((depth) => series.some(({ scores }) => scores.some((score) => score.depth === depth)));
  const values = (scores: readonly DepthScores[], of: 'reranked' | 'ceiling'): (number | null)[] =>
    known.map((depth) => scores.find((score) => score.depth === depth)?.[of] ?? null);
  // First stages differ in what is in their first d documents, so each has a ceiling of its own.
  const ceilings = new Map(series.map(({ named, scores }) => [named.result.record.firstStage!.name, scores]));
  const lines = [
    ...series.map(({ named, scores }) => ({
      label: named.system.label,
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
