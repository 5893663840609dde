import { formatParameters } from '../model/format.js';

/** Colours of a chart; series colours have a contrast of at least 3:1 with the theme's background. */
export interface ChartTheme {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  /** The two ends of a heat map's colour scale. */
  readonly heatLow: string;
  readonly heatHigh: string;
  readonly series: readonly string[];
}

/** Distinguishable with common colour blindness (hues of Okabe and Ito, darkened for white). */
export const lightTheme: ChartTheme = {
  background: '#ffffff',
  text: '#1c2430',
  muted: '#5a6472',
  grid: '#dfe3e8',
  heatLow: '#f1f6fb',
  heatHigh: '#6cb0e8',
  series: ['#0063a8', '#b84a00', '#00785a', '#a8327a', '#7a6200', '#2f7fc1', '#8a3ffc', '#5b5b5b'],
};

export const darkTheme: ChartTheme = {
  background: '#14181f',
  text: '#e8ecf1',
  muted: '#a3adba',
  grid: '#333b47',
  heatLow: '#1d2733',
  heatHigh: '#2565a0',
  series: ['#62b5f0', '#f0a04b', '#3fcf9f', '#f08cc8', '#e3c94d', '#a5c8ff', '#c5a3ff', '#b9c0c9'],
};

/** Placeholders for a theme's colours, so that one chart option serves light and dark: `$text`, `$series0` … */
export const tokens: ChartTheme = {
  background: '$background',
  text: '$text',
  muted: '$muted',
  grid: '$grid',
  heatLow: '$heatLow',
  heatHigh: '$heatHigh',
  series: lightTheme.series.map((_, i) => `$series${i}`),
};

/** Placeholder for the function that labels an axis of sizes; chart options are plain values. */
export const SIZE_LABELS = '$sizeLabels';

/** A theme of CSS custom properties, for SVG inside a page: `--chart-text` … */
export const cssTheme: ChartTheme = {
  background: 'transparent',
  text: 'var(--chart-text)',
  muted: 'var(--chart-muted)',
  grid: 'var(--chart-grid)',
  // ECharts computes a scale from its two ends, so these must be real colours.
  heatLow: lightTheme.heatLow,
  heatHigh: lightTheme.heatHigh,
  series: lightTheme.series.map((_, i) => `var(--chart-series${i})`),
};

/** A theme's colours by placeholder (`$text` …). */
export function tokenValues(theme: ChartTheme): Record<string, string> {
  const { series, ...named } = theme;
  const colours = [...Object.entries(named), ...series.map((colour, i) => [`series${i}`, colour] as const)];
  return Object.fromEntries(colours.map(([name, colour]) => [`$${name}`, colour]));
}

/** Option keys whose text comes from records, so that a system may be called `$text`. */
const namedByUser = new Set(['name', 'data']);

/** A copy of an option with all placeholders replaced. */
export function resolveTokens<T>(option: T, theme: ChartTheme): T {
  const values = new Map<string, unknown>([...Object.entries(tokenValues(theme)), [SIZE_LABELS, formatParameters]]);
  const resolve = (value: unknown): unknown => {
    if (typeof value === 'string') return values.get(value) ?? value;
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, namedByUser.has(key) ? inner : resolve(inner)]),
    );
  };
  return resolve(option) as T;
}
