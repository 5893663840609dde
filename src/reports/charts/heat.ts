import { formatScore } from '../../results/score-format.js';
import type { HeatFigure } from '../model/figures.js';
import { baseOption, nameBelow, type Chart, type ChartWidth } from './chart.js';
import { tokens } from './themes.js';

/** Scores by layer (horizontal) and pooling (vertical), shaded from lowest to highest. */
export function heatChart(figure: HeatFigure, width: ChartWidth): Chart {
  const { layers, poolings, values, measure } = figure;
  const known = values.flat().filter((value) => value !== null);
  const labelWidth = width === 'wide' ? 130 : 104;
  // Cells wide enough also show their score.
  const cellWidth = ((width === 'wide' ? 740 : 340) - labelWidth) / layers.length;
  return {
    id: figure.id,
    title: `${measure} by pooling and layer: ${figure.label}`,
    description: describe(figure),
    height: 110 + 40 * poolings.length,
    option: {
      ...baseOption,
      grid: { left: labelWidth, right: 12, top: 12, bottom: 92 },
      xAxis: {
        type: 'category',
        ...nameBelow('Layer'),
        data: layers.map(String),
        axisLabel: { color: tokens.muted },
        axisTick: { show: false },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: [...poolings],
        axisLabel: { color: tokens.text, width: labelWidth - 12, overflow: 'break', lineHeight: 14 },
        axisTick: { show: false },
      },
      visualMap: {
        min: Math.min(...known),
        max: Math.max(...known),
        orient: 'horizontal',
        left: 'center',
        bottom: 0,
        itemWidth: 12,
        itemHeight: width === 'wide' ? 200 : 140,
        precision: 4,
        text: [formatScore(Math.max(...known)), formatScore(Math.min(...known))],
        textStyle: { color: tokens.muted },
        inRange: { color: [tokens.heatLow, tokens.heatHigh] },
      },
      series: [
        {
          type: 'heatmap',
          name: measure,
          label: { show: cellWidth >= 44, fontSize: 11, color: tokens.text },
          itemStyle: { borderColor: tokens.background, borderWidth: 2 },
          data: cells(figure),
        },
      ],
    },
  };
}

interface HeatCell {
  readonly value: [number, number, number];
  readonly tip: readonly string[];
  readonly label: { readonly formatter: string };
}

function cells({ layers, poolings, values, measure }: HeatFigure): HeatCell[] {
  return poolings.flatMap((pooling, y) =>
    layers.flatMap((layer, x) => {
      const value = values[y]?.[x] ?? null;
      if (value === null) return [];
      const tip = [`${pooling}, layer ${layer}`, `${measure} ${formatScore(value)}`];
      return [{ value: [x, y, value], tip, label: { formatter: formatScore(value) } }];
    }),
  );
}

function describe({ layers, poolings, values, measure }: HeatFigure): string {
  const line = (pooling: string, y: number): string => {
    const shown = layers.flatMap((layer, x) => {
      const value = values[y]?.[x] ?? null;
      return value === null ? [] : [`${formatScore(value)} at layer ${layer}`];
    });
    return `${pooling}: ${shown.join(', ')}.`;
  };
  return [`${measure} by pooling and layer.`, ...poolings.map(line)].join(' ');
}
