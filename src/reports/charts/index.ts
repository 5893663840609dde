import type { Figure } from '../model/figures.js';
import type { Chart, ChartWidth } from './chart.js';
import { depthChart } from './depth.js';
import { differenceChart } from './differences.js';
import { heatChart } from './heat.js';
import { sizeChart } from './sizes.js';

export type { Chart, ChartWidth } from './chart.js';

/** The chart of a figure. */
export function chartOf(figure: Figure, width: ChartWidth = 'wide'): Chart {
  switch (figure.kind) {
    case 'sizes':
      return sizeChart(figure, width);
    case 'heat':
      return heatChart(figure, width);
    case 'depth':
      return depthChart(figure, width);
    case 'differences':
      return differenceChart(figure, width);
  }
}
