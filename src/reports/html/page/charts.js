/* Interactive charts: hover, keyboard, themes, and the choice of panels. */
/* global document, window, matchMedia, ResizeObserver, echarts */

import { byId, element } from './dom.js';

/** A number of parameters as an axis label: 125M. */
function sizeLabel(count) {
  const unit = { 3: 'K', 6: 'M', 9: 'B', 12: 'T' };
  const power = Math.min(12, Math.floor(Math.log10(count) / 3 + 1e-9) * 3);
  return power < 3 ? String(count) : `${Number((count / 10 ** power).toPrecision(3))}${unit[power]}`;
}

const dark = matchMedia('screen and (prefers-color-scheme: dark)');
let printing = false;
window.addEventListener('beforeprint', () => (printing = true));
window.addEventListener('afterprint', () => (printing = false));

/** A chart's option with its placeholders replaced by the current theme's colours (see charts/themes.ts). */
function resolve(value, theme, key) {
  if (key === 'name' || key === 'data') return value;
  if (typeof value === 'string') return value === '$sizeLabels' ? sizeLabel : (theme[value] ?? value);
  if (Array.isArray(value)) return value.map((inner) => resolve(inner, theme));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, inner]) => [k, resolve(inner, theme, k)]));
}

/** A point's tooltip; its lines are inserted as text, never as markup. */
function tooltip({ data: point }) {
  const box = document.createElement('div');
  for (const [i, line] of (point?.tip ?? []).entries()) {
    const row = element(i === 0 ? 'strong' : 'div', line);
    row.style.display = 'block';
    box.append(row);
  }
  return box;
}

/** Replaces the static drawing by an interactive chart. @returns a function that switches to another panel */
function liveChart(container, charts, themes) {
  const part = container.dataset.part;
  container.replaceChildren();
  const chart = echarts.init(container, null, { renderer: 'svg', height: 300 });
  let panel = 0;
  let points = [];
  let at = -1;

  function draw() {
    const { option, title, description, height } = charts[panel][container.clientWidth < 560 ? 'narrow' : 'wide'];
    const theme = themes[dark.matches && !printing ? 'dark' : 'light'];
    const resolved = resolve(option, theme);
    Object.assign(resolved.tooltip, {
      formatter: tooltip,
      backgroundColor: theme.$background,
      borderColor: theme.$muted,
      textStyle: { color: theme.$text },
      extraCssText: 'max-width: 20rem; white-space: normal; overflow-wrap: anywhere;',
    });
    container.style.height = `${height}px`;
    chart.resize({ height });
    chart.setOption(resolved, { notMerge: true });
    const svg = container.querySelector('svg');
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', `${title}. ${description}`);
    byId(`caption-${part}`).textContent = title;
    const shown = option.series.map((series, i) => ({ ...series, i })).filter(({ silent }) => silent !== true);
    points = shown.flatMap(({ data, i }) => data.map(({ tip }, j) => ({ seriesIndex: i, dataIndex: j, tip })));
    at = -1;
  }

  container.tabIndex = 0;
  container.setAttribute('role', 'group');
  container.setAttribute('aria-label', 'Chart; the left and right arrow keys go through its points');
  container.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') chart.dispatchAction({ type: 'hideTip' });
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined || points.length === 0) return;
    event.preventDefault();
    at = at < 0 && step < 0 ? points.length - 1 : (at + step + points.length) % points.length;
    const { tip, ...point } = points[at];
    chart.dispatchAction({ type: 'showTip', ...point });
    byId(`pointed-${part}`).textContent = tip.join(', ');
  });
  dark.addEventListener('change', draw);
  window.addEventListener('beforeprint', draw);
  window.addEventListener('afterprint', draw);
  let width = container.clientWidth;
  new ResizeObserver(() => {
    if (container.clientWidth === width) return;
    width = container.clientWidth;
    draw();
  }).observe(container);
  draw();
  return (index) => {
    panel = index;
    draw();
  };
}

/** Makes charts interactive, and lets sections with several panels switch between them. */
export function liveParts({ charts, themes }) {
  const draws = new Map();
  for (const container of document.querySelectorAll('.drawing')) {
    draws.set(container.dataset.part, liveChart(container, charts[container.dataset.part], themes));
  }
  for (const choice of document.querySelectorAll('select[data-part]')) {
    const { part } = choice.dataset;
    choice.addEventListener('change', () => {
      for (const panel of document.querySelectorAll(`.panel[data-of="${part}"]`))
        panel.hidden = panel.dataset.index !== choice.value;
      draws.get(part)?.(Number(choice.value));
    });
  }
}
