import type { EChartsOption } from 'echarts';
import { tokens } from './themes.js';

/** How wide a chart is drawn: `narrow` for a phone. */
export type ChartWidth = 'wide' | 'narrow';

/** A chart as plain values, and what stands for it where it cannot be seen. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly height: number;
  /** Colours and functions are tokens (themes.ts). Every datum has a `tip`: the lines shown when it is pointed at. */
  readonly option: EChartsOption;
}

/** Points of families are told apart by shape too. */
export const symbols = ['circle', 'rect', 'triangle', 'diamond', 'roundRect'];

/** The token of the colour of the n-th series. */
export function seriesColour(n: number): string {
  return tokens.series[n % tokens.series.length]!;
}

/** What all charts share. */
export const baseOption: EChartsOption = {
  animation: false,
  backgroundColor: 'transparent',
  textStyle: { fontFamily: 'system-ui, DejaVu Sans, Arial, sans-serif', color: tokens.text },
  tooltip: { trigger: 'item', confine: true },
};

/** A legend below the chart and the height it takes. More than eight rows turn into pages. */
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
      textStyle: { color: tokens.text, overflow: 'truncate', width: longestLabel(width) },
      pageTextStyle: { color: tokens.text },
      pageIconColor: tokens.text,
      pageIconInactiveColor: tokens.grid,
      inactiveColor: tokens.muted,
      itemHeight: 10,
    },
    height: (rows > 8 ? 1 : rows) * 24,
  };
}

/** Rows that a legend of these names takes, from an upper estimate of their widths. */
function legendRows(names: readonly string[], width: ChartWidth): number {
  const available = width === 'wide' ? 700 : 330;
  let [rows, used] = [1, 0];
  for (const name of names) {
    const item = Math.min(name.length * 7, longestLabel(width)) + 45;
    if (used + item > available && used > 0) [rows, used] = [rows + 1, 0];
    used += item;
  }
  return rows;
}

const longestLabel = (width: ChartWidth): number => (width === 'wide' ? 240 : 250);

/** An axis of scores around these values, not beyond 0 and 1 where they are not. */
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

/** The name below an axis that runs across. */
export function nameBelow(name: string): object {
  return { name, nameLocation: 'middle', nameGap: 28, nameTextStyle: { color: tokens.text } };
}

/** A grid that leaves room for a legend of this height below the axis' name. */
export function gridAbove(legendHeight: number): NonNullable<EChartsOption['grid']> {
  return { left: 52, right: 28, top: 32, bottom: legendHeight + 56 };
}
