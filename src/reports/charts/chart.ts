import type { EChartsOption } from 'echarts';
import { tokens } from './themes.js';

/** Layout of a chart: `narrow` is for phones. */
export type ChartWidth = 'wide' | 'narrow';

/** A chart as plain values, with a text for readers who cannot see it. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly height: number;
  /** Colours and functions are tokens (themes.ts). Every datum has a `tip`: the lines of its tooltip. */
  readonly option: EChartsOption;
}

/** Marker shapes; each family has one, besides its colour. */
export const symbols = ['circle', 'rect', 'triangle', 'diamond', 'roundRect'];

/** The colour token of the n-th series. */
export function seriesColour(n: number): string {
  return tokens.series[n % tokens.series.length]!;
}

/** Options of all charts. */
export const baseOption: EChartsOption = {
  animation: false,
  backgroundColor: 'transparent',
  textStyle: { fontFamily: 'system-ui, DejaVu Sans, Arial, sans-serif', color: tokens.text },
  tooltip: { trigger: 'item', confine: true },
};

/** A legend below the chart, and its height. More than eight rows are split into pages. */
export function legendOf(
  names: readonly string[],
  width: ChartWidth,
): { legend: NonNullable<EChartsOption['legend']>; height: number } {
  const rows = legendRows(names, width);
  return {
    legend: {
      bottom: 0,
      left: 'center',
      type: rows > 8 ? 'scroll' : 'plain',
      textStyle: { color: tokens.text, overflow: 'truncate', width: maxLabelWidth(width) },
      pageTextStyle: { color: tokens.text },
      pageIconColor: tokens.text,
      pageIconInactiveColor: tokens.grid,
      inactiveColor: tokens.muted,
      itemHeight: 10,
    },
    height: (rows > 8 ? 1 : rows) * 24,
  };
}

/** Number of rows of a legend, from an upper estimate of the names' widths. */
function legendRows(names: readonly string[], width: ChartWidth): number {
  const available = width === 'wide' ? 700 : 330;
  let [rows, used] = [1, 0];
  for (const name of names) {
    const item = Math.min(name.length * 7, maxLabelWidth(width)) + 45;
    if (used + item > available && used > 0) [rows, used] = [rows + 1, 0];
    used += item;
  }
  return rows;
}

const maxLabelWidth = (width: ChartWidth): number => (width === 'wide' ? 240 : 250);

/** An axis of scores around these values; it ends at 0 and 1 if all values are within. */
export function scoreAxis(name: string, values: readonly number[]): NonNullable<EChartsOption['yAxis']> {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const gap = Math.max((high - low) * 0.05, 0.005);
  return {
    type: 'value',
    name,
    nameTextStyle: { color: tokens.text, align: 'left' },
    scale: true,
    ...(low >= 0 && low - gap < 0 ? { min: 0 } : {}),
    ...(high <= 1 && high + gap > 1 ? { max: 1 } : {}),
    boundaryGap: ['5%', '5%'],
    axisLabel: { color: tokens.muted },
    splitLine: { lineStyle: { color: tokens.grid } },
  };
}

/** Options that put a horizontal axis' name below it. */
export function nameBelow(name: string): object {
  return { name, nameLocation: 'middle', nameGap: 28, nameTextStyle: { color: tokens.text } };
}

/** A grid with space below for the axis' name and a legend of this height. */
export function gridAbove(legendHeight: number): NonNullable<EChartsOption['grid']> {
  return { left: 52, right: 28, top: 32, bottom: legendHeight + 56 };
}
