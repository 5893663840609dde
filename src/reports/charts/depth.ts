import { formatScore } from '../../results/score-format.js';
import type { LineSeriesOption } from 'echarts';
import type { DepthFigure } from '../model/figures.js';
import {
  baseOption,
  gridAbove,
  legendOf,
  nameBelow,
  scoreAxis,
  seriesColour,
  symbols,
  type Chart,
  type ChartWidth,
} from './chart.js';
import { tokens } from './themes.js';

/** Score by re-ranking depth, with the oracle as the upper bound. */
export function depthChart(figure: DepthFigure, width: ChartWidth): Chart {
  const { lines, depths, measure } = figure;
  const { legend, height } = legendOf(
    lines.map(({ label }) => label),
    width,
  );
  const series = lines.map(({ label, ceiling, values }, i): LineSeriesOption => ({
    type: 'line',
    name: label,
    symbol: symbols[i % symbols.length]!,
    symbolSize: 9,
    lineStyle: { width: 2, type: ceiling ? 'dotted' : 'solid' },
    color: ceiling ? tokens.muted : seriesColour(i),
    emphasis: { focus: 'series' },
    data: values.map((value, j) => {
      const text = value === null ? 'not known' : formatScore(value);
      return { value: value ?? '-', tip: [label, `depth ${depths[j]!}`, text] };
    }),
  }));
  return {
    id: figure.id,
    title: `${measure} against re-ranking depth: ${figure.label}`,
    description: describe(figure),
    height: (width === 'wide' ? 320 : 280) + height,
    option: {
      ...baseOption,
      legend,
      grid: gridAbove(height),
      xAxis: {
        type: 'category',
        ...nameBelow('Documents re-ranked'),
        data: depths.map(String),
        axisLabel: { color: tokens.muted },
        axisLine: { lineStyle: { color: tokens.muted } },
      },
      yAxis: scoreAxis(
        measure,
        lines.flatMap(({ values }) => values.filter((value) => value !== null)),
      ),
      series,
    },
  };
}

function describe({ lines, depths, measure }: DepthFigure): string {
  const text = ({ label, values }: DepthFigure['lines'][number]): string => {
    const points = values.flatMap((value, i) => (value === null ? [] : [`${formatScore(value)} at ${depths[i]!}`]));
    return `${label}: ${points.join(', ')}.`;
  };
  return [`${measure} by depth.`, ...lines.map(text)].join(' ');
}
