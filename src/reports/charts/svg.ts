import * as echarts from 'echarts';
import { escapeMarkup } from '../layout/escape.js';
import type { Chart } from './chart.js';
import { resolveTokens, type ChartTheme } from './themes.js';

/** Width in pixels of charts written as files; SVG scales without loss. */
export const CHART_WIDTH = 760;

/** Character widths in em, by class. They are those of DejaVu Sans, a wide font, so that text in other fonts fits too. */
const characterWidths: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;|!'`I[\]()/\\ ]/, 0.36],
  [/[frt"*-]/, 0.42],
  [/[mwMW@%]/, 0.98],
  [/[A-Z0-9&#+=<>~_$]/, 0.72],
  [/[\x21-\x7e]/, 0.62],
];

// Without a browser no font can be measured, and ECharts' own estimate is too narrow for most fonts.
echarts.setPlatformAPI({
  measureText(text, font) {
    const size = Number(/(\d+(?:\.\d+)?)px/.exec(font ?? '')?.[1] ?? 12);
    const em = Array.from(text, (character) => characterWidths.find(([set]) => set.test(character))?.[1] ?? 1);
    return { width: em.reduce((sum, width) => sum + width, 0) * size };
  },
});

/** Draws a chart as SVG without a browser. The output depends only on the chart. */
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

/** Renames ids: ECharts numbers instances and styles per process, so they would depend on earlier charts. */
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
