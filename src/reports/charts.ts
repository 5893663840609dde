import type { EChartsOption, LineSeriesOption, ScatterSeriesOption } from 'echarts';
import { formatParameters, formatScore } from './format.js';
import type { SizeFigure } from './model.js';
import { SIZE_LABELS, tokens, type ChartTheme } from './themes.js';

/** Points of families are told apart by shape too. */
const symbols = ['circle', 'rect', 'triangle', 'diamond', 'pin', 'arrow', 'roundRect'];

/** How wide a chart is drawn: `narrow` for a phone. */
export type ChartWidth = 'wide' | 'narrow';

/** A chart and what stands for it where it cannot be seen. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly height: number;
  readonly option: EChartsOption;
}

/** A score against model sizes: lines of families, level lines of systems without a size, hollow published points. */
export function sizeChart(figure: SizeFigure, width: ChartWidth = 'wide', theme: ChartTheme = tokens): Chart {
  const lines = figure.lines.map((line, i): LineSeriesOption => ({
    type: 'line',
    name: line.family,
    symbol: symbols[i % symbols.length]!,
    symbolSize: 9,
    lineStyle: { width: 2, type: line.runner === 'cross-encoder' ? 'dashed' : 'solid' },
    color: theme.series[i % theme.series.length]!,
    emphasis: { focus: 'series' },
    data: line.points.map((point) => datum(line.family, point)),
  }));
  const [from, to] = sizeRange(figure);
  const levels = figure.levels.map((level, i): LineSeriesOption => ({
    type: 'line',
    name: level.label,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { width: 1.5, type: 'dotted' },
    color: level.runner === 'oracle' ? theme.muted : theme.series[(figure.lines.length + i) % theme.series.length]!,
    emphasis: { focus: 'series' },
    data: [from, to].map((x) => ({ value: [x, level.value], tip: [level.label, formatScore(level.value)] })),
  }));
  const published = publishedSeries(figure, theme);
  const series = [...lines, ...levels, ...published];
  const rows = legendRows(
    series.map(({ name }) => String(name)),
    width,
  );
  const legend = Math.min(rows, 8) * 24;
  return {
    id: `size-${figure.id}`,
    title: `${figure.measure} against parameters: ${figure.label}`,
    description: describe(figure),
    height: (width === 'wide' ? 340 : 280) + legend,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'system-ui, "DejaVu Sans", Arial, sans-serif', color: theme.text },
      tooltip: { trigger: 'item', confine: true },
      legend: {
        bottom: 0,
        left: 'center',
        type: rows > 8 ? 'scroll' : 'plain',
        textStyle: { color: theme.text, overflow: 'truncate', width: width === 'wide' ? 200 : 260 },
        inactiveColor: theme.muted,
        itemHeight: 10,
      },
      grid: { left: 8, right: 24, top: 32, bottom: legend + 34, outerBounds: { left: 8, right: 8, top: 8, bottom: legend + 12 } },
      xAxis: {
        type: 'log',
        name: 'Parameters',
        nameLocation: 'middle',
        nameGap: 28,
        nameTextStyle: { color: theme.text },
        min: from,
        max: to,
        axisLabel: { color: theme.muted, hideOverlap: true, formatter: SIZE_LABELS },
        axisLine: { lineStyle: { color: theme.muted } },
        splitLine: { lineStyle: { color: theme.grid } },
        minorTick: { show: true },
      },
      yAxis: {
        type: 'value',
        name: figure.measure,
        nameTextStyle: { color: theme.text, align: 'left' },
        scale: true,
        boundaryGap: ['5%', '5%'],
        axisLabel: { color: theme.muted },
        splitLine: { lineStyle: { color: theme.grid } },
      },
      series,
    },
  };
}

/** A point with the lines that are shown when it is pointed at. */
function datum(family: string, { parameters, value, label }: { parameters: number; value: number; label: string }): {
  value: [number, number];
  tip: string[];
} {
  return { value: [parameters, value], tip: [label, family, `${formatParameters(parameters)} parameters`, formatScore(value)] };
}

/** Rows that a legend of these names takes, from an upper estimate of their widths. */
function legendRows(names: readonly string[], width: ChartWidth): number {
  const available = width === 'wide' ? 720 : 330;
  let [rows, used] = [1, 0];
  for (const name of names) {
    const item = Math.min(name.length * 7, width === 'wide' ? 200 : 260) + 45;
    if (used + item > available && used > 0) [rows, used] = [rows + 1, 0];
    used += item;
  }
  return rows;
}

function publishedSeries({ published }: SizeFigure, theme: ChartTheme): ScatterSeriesOption[] {
  if (published.length === 0) return [];
  return [
    {
      type: 'scatter',
      name: 'Published',
      symbol: 'circle',
      symbolSize: 11,
      color: theme.muted,
      itemStyle: { color: 'transparent', borderColor: theme.muted, borderWidth: 2 },
      emphasis: { scale: 1.2 },
      data: published.map((point) => datum('Published', point)),
    },
  ];
}

/** Whole decades around all sizes, at least one. */
function sizeRange({ lines, published }: SizeFigure): [number, number] {
  const sizes = [...lines.flatMap(({ points }) => points), ...published].map(({ parameters }) => Math.log10(parameters));
  const [low, high] = [Math.floor(Math.min(...sizes)), Math.ceil(Math.max(...sizes))];
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}

function describe({ lines, levels, published, measure }: SizeFigure): string {
  const point = (p: { parameters: number; value: number }): string =>
    `${formatScore(p.value)} at ${formatParameters(p.parameters)}`;
  return [
    ...lines.map(({ family, points }) => `${family}: ${points.map(point).join(', ')}.`),
    ...levels.map(({ label, value }) => `${label}: ${formatScore(value)}.`),
    ...published.map((p) => `Published, ${p.label}: ${point(p)}.`),
  ].join(' ').replace(/^/, `${measure} by parameters. `);
}
