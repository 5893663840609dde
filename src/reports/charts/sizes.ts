import { formatScore } from '../../results/score-format.js';
import type { LineSeriesOption, ScatterSeriesOption } from 'echarts';
import { formatParameters } from '../model/format.js';
import type { SizeFigure, SizePoint } from '../model/figures.js';
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
import { SIZE_LABELS, tokens } from './themes.js';
import { isBound, reranks } from '../model/order.js';

/** Score by model size: families as lines, systems without a size as level lines, published scores as hollow points. */
export function sizeChart(figure: SizeFigure, width: ChartWidth): Chart {
  const [from, to] = sizeRange(figure);
  const series = [...familyLines(figure), ...levelLines(figure, from, to), ...publishedPoints(figure)];
  const names = series.map(({ name }) => String(name));
  const { legend, height } = legendOf(names, width);
  return {
    id: `size-${figure.id}`,
    title: `${figure.measure} against parameters: ${figure.label}`,
    description: describe(figure),
    height: (width === 'wide' ? 360 : 300) + height,
    option: {
      ...baseOption,
      legend,
      grid: gridAbove(height),
      xAxis: {
        type: 'log',
        ...nameBelow('Parameters'),
        min: from,
        max: to,
        axisLabel: { color: tokens.muted, hideOverlap: true, formatter: SIZE_LABELS },
        axisLine: { lineStyle: { color: tokens.muted } },
        splitLine: { lineStyle: { color: tokens.grid } },
        minorTick: { show: true },
      },
      yAxis: scoreAxis(figure.measure, valuesOf(figure)),
      series,
    },
  };
}

function valuesOf({ lines, levels, published }: SizeFigure): number[] {
  return [...lines.flatMap(({ points }) => points), ...levels, ...published].map(({ value }) => value);
}

function familyLines({ lines }: SizeFigure): LineSeriesOption[] {
  return lines.map(({ family, runner, points }, i) => ({
    type: 'line',
    name: family,
    symbol: symbols[i % symbols.length]!,
    symbolSize: 9,
    lineStyle: { width: 2, type: reranks(runner) ? 'dashed' : 'solid' },
    color: seriesColour(i),
    emphasis: { focus: 'series' },
    data: points.map((point) => datum(family, point)),
  }));
}

function levelLines({ levels, lines }: SizeFigure, from: number, to: number): LineSeriesOption[] {
  return levels.map(({ label, runner, value }, i) => ({
    type: 'line',
    name: label,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { width: 1.5, type: 'dotted' },
    color: isBound(runner) ? tokens.muted : seriesColour(lines.length + i),
    emphasis: { focus: 'series' },
    data: [from, to].map((x) => ({ value: [x, value], tip: [label, formatScore(value)] })),
  }));
}

function publishedPoints({ published }: SizeFigure): ScatterSeriesOption[] {
  if (published.length === 0) return [];
  return [
    {
      type: 'scatter',
      name: 'Published',
      symbol: 'circle',
      symbolSize: 11,
      color: tokens.muted,
      itemStyle: { color: 'transparent', borderColor: tokens.muted, borderWidth: 2 },
      data: published.map((point) => datum('Published', point)),
    },
  ];
}

/** A point with the lines of its tooltip. */
function datum(family: string, { label, parameters, value }: SizePoint): { value: [number, number]; tip: string[] } {
  return {
    value: [parameters, value],
    tip: [label, family, `${formatParameters(parameters)} parameters`, formatScore(value)],
  };
}

/** The smallest range of whole decades that holds all sizes; at least one decade. */
function sizeRange({ lines, published }: SizeFigure): [number, number] {
  const points = [...lines.flatMap((line) => line.points), ...published];
  const sizes = points.map(({ parameters }) => Math.log10(parameters));
  const [low, high] = [Math.floor(Math.min(...sizes)), Math.ceil(Math.max(...sizes))];
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}

function describe({ lines, levels, published, measure }: SizeFigure): string {
  const text = ({ value, parameters }: SizePoint): string => `${formatScore(value)} at ${formatParameters(parameters)}`;
  return [
    `${measure} by parameters.`,
    ...lines.map(({ family, points }) => `${family}: ${points.map(text).join(', ')}.`),
    ...levels.map(({ label, value }) => `${label}: ${formatScore(value)}.`),
    ...published.map((point) => `Published, ${point.label}: ${text(point)}.`),
  ].join(' ');
}
