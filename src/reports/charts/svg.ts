import * as echarts from 'echarts';
import { escapeMarkup } from '../layout/escape.js';
import type { Chart } from './chart.js';
import { resolveTokens, type ChartTheme } from './themes.js';

/** Width of charts written as files, in pixels; they scale without loss. */
export const CHART_WIDTH = 760;

/** Widths of characters in em, by class: those of DejaVu Sans, a wide font, so that text of any other fits too. */
const characterWidths: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;|!'`I[\]()/\\ ]/, 0.36],
  [/[frt"*-]/, 0.42],
  [/[mwMW@%]/, 0.98],
  [/[A-Z0-9&#+=<>~_$]/, 0.72],
  [/[\x21-\x7e]/, 0.62],
];

// Without a browser there are no fonts to measure with; what ECharts assumes then is too narrow for most of them.
echarts.setPlatformAPI({
  measureText(text, font) {
    const size = Number(/(\d+(?:\.\d+)?)px/.exec(font ?? '')?.[1] ?? 12);
    const em = Array.from(text, (character) => characterWidths.find(([set]) => set.test(character))?.[1] ?? 1);
    return { width: em.reduce((sum, width) => sum + width, 0) * size };
  },
});

/** Draws a chart as SVG text, without a browser. The text depends on the chart alone. */
export function renderSvg(chart: Chart, theme: ChartTheme, width = CHART_WIDTH): string {
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height: chart.height });
  try {
    instance.setOption({ ...resolveTokens(chart.option, theme), backgroundColor: theme.background });
    const svg = renumber(instance.renderToSVGString({ useViewBox: true }), cssName(chart.id));
    const label = `<title>${escapeMarkup(chart.title)}</title><desc>${escapeMarkup(chart.description)}</desc>`;
    return svg.replace(/^<svg([^>]*)>/, (_, attributes: string) => `<svg role="img"${attributes}>${label}`);
  } finally {
    instance.dispose();
  }
}

/** ECharts counts its instances and styles over the process; ids must not depend on what was drawn before. */
function renumber(svg: string, prefix: string): string {
  const names = new Map<string, string>();
  return svg.replace(/\bzr\d+-[a-z]+-?\d+\b/g, (name) => {
    const renamed = names.get(name) ?? `${prefix}-${names.size}`;
    names.set(name, renamed);
    return renamed;
  });
}

function cssName(id: string): string {
  return id.replace(/[^A-Za-z0-9-]/g, '-');
}
