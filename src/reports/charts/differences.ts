import { formatDifference } from '../../results/score-format.js';
import type { DifferenceFigure } from '../model/figures.js';
import { baseOption, nameBelow, seriesColour, type Chart, type ChartWidth } from './chart.js';
import { tokens } from './themes.js';

/** Differences to a reference with confidence intervals, one row per system; zero is the reference. */
export function differenceChart(figure: DifferenceFigure, width: ChartWidth): Chart {
  const { systems, reference, measure } = figure;
  const labelWidth = width === 'wide' ? 340 : 150;
  // On a narrow page, long names take two lines.
  const lineHeight = width === 'wide' ? 30 : 36;
  const tips = systems.map(({ label, difference, low, high }) => [
    label,
    `${formatDifference(difference)} against ${reference}`,
    `interval ${formatDifference(low)} to ${formatDifference(high)}`,
  ]);
  return {
    id: figure.id,
    title: `Difference in ${measure} to ${reference}: ${figure.label}`,
    description: `Differences to ${reference}. ${tips.map(([label, ...rest]) => `${label!}: ${rest.join(', ')}.`).join(' ')}`,
    height: 80 + systems.length * lineHeight,
    option: {
      ...baseOption,
      grid: { left: labelWidth, right: 28, top: 8, bottom: 52 },
      xAxis: {
        type: 'value',
        ...nameBelow('Difference'),
        axisLabel: { color: tokens.muted, hideOverlap: true },
        axisLine: { show: false },
        splitLine: { lineStyle: { color: tokens.grid } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: systems.map(({ label }) => shortLabel(label, width)),
        axisLabel: { color: tokens.text, width: labelWidth - 12, overflow: 'break', lineHeight: 14, interval: 0 },
        axisLine: { onZero: true, lineStyle: { color: tokens.muted } },
        axisTick: { show: false },
      },
      series: [
        ...systems.map(({ low, high }, i) => ({
          type: 'line' as const,
          name: `interval ${i + 1}`,
          symbol: 'none',
          silent: true,
          lineStyle: { width: 2, color: tokens.muted },
          data: [low, high].map((x) => ({ value: [x, i], tip: tips[i]! })),
        })),
        {
          type: 'scatter' as const,
          name: 'difference',
          symbolSize: 11,
          color: seriesColour(0),
          data: systems.map(({ difference }, i) => ({ value: [difference, i], tip: tips[i]! })),
        },
      ],
    },
  };
}

/** A label that fits beside the chart: one line on a wide page, two on a narrow one. Longer ones lose their middle. */
function shortLabel(label: string, width: ChartWidth): string {
  const maxLength = width === 'wide' ? 46 : 36;
  if (label.length <= maxLength) return label;
  const half = Math.floor((maxLength - 1) / 2);
  return `${label.slice(0, half)}…${label.slice(-half)}`;
}
