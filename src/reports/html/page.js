/* The script of a report's page, a module: unpacks what is built in, and makes charts and tables live. */
/* global document, window, atob, Blob, Response, DecompressionStream, matchMedia, ResizeObserver, echarts, Tabulator */

const byId = (id) => document.getElementById(id);

/** Text from base64 of gzip. */
async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
}

async function loadLibraries() {
  for (const library of document.querySelectorAll('script.library')) {
    const script = document.createElement('script');
    script.textContent = await unpack(library.textContent);
    document.head.append(script);
  }
}

/** Number of parameters on an axis: 125M. */
function sizeLabel(count) {
  const unit = { 3: 'K', 6: 'M', 9: 'B', 12: 'T' };
  const power = Math.min(12, Math.floor(Math.log10(count) / 3 + 1e-9) * 3);
  return power < 3 ? String(count) : `${Number((count / 10 ** power).toPrecision(3))}${unit[power]}`;
}

const dark = matchMedia('screen and (prefers-color-scheme: dark)');
let printing = false;

/** A chart's option with its tokens replaced by the colours of the theme in use (see charts/themes.ts). */
function resolve(value, theme, key) {
  if (key === 'name' || key === 'data') return value;
  if (typeof value === 'string') return value === '$sizeLabels' ? sizeLabel : (theme[value] ?? value);
  if (Array.isArray(value)) return value.map((inner) => resolve(inner, theme));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, inner]) => [k, resolve(inner, theme, k)]));
}

/** What is shown at a point: its lines as text, never as markup. */
function tooltip({ data: point }) {
  const box = document.createElement('div');
  for (const [i, line] of (point?.tip ?? []).entries()) {
    const row = document.createElement(i === 0 ? 'strong' : 'div');
    row.textContent = line;
    row.style.display = 'block';
    box.append(row);
  }
  return box;
}

/** Replaces the drawing in `place` by a live chart; the returned function draws the chart of another panel. */
function liveChart(place, charts) {
  const part = place.dataset.part;
  place.replaceChildren();
  const chart = echarts.init(place, null, { renderer: 'svg', height: 300 });
  let panel = 0;
  let points = [];
  let at = -1;

  function draw() {
    const { option, title, description, height } = charts[panel][place.clientWidth < 560 ? 'narrow' : 'wide'];
    const theme = data.themes[dark.matches && !printing ? 'dark' : 'light'];
    const resolved = resolve(option, theme);
    Object.assign(resolved.tooltip, {
      formatter: tooltip,
      backgroundColor: theme.$background,
      borderColor: theme.$muted,
      textStyle: { color: theme.$text },
      extraCssText: 'max-width: 20rem; white-space: normal; overflow-wrap: anywhere;',
    });
    place.style.height = `${height}px`;
    chart.resize({ height });
    chart.setOption(resolved, { notMerge: true });
    const svg = place.querySelector('svg');
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', `${title}. ${description}`);
    byId(`caption-${part}`).textContent = title;
    const shown = option.series.map((series, i) => ({ ...series, i })).filter(({ silent }) => silent !== true);
    points = shown.flatMap(({ data, i }) => data.map(({ tip }, j) => ({ seriesIndex: i, dataIndex: j, tip })));
    at = -1;
  }

  place.tabIndex = 0;
  place.setAttribute('role', 'group');
  place.setAttribute('aria-label', 'Chart; the left and right arrow keys go through its points');
  place.addEventListener('keydown', (event) => {
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
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    draw();
  }).observe(place);
  draw();
  return (index) => {
    panel = index;
    draw();
  };
}

/** Every part with a choice shows the chosen panel: its chart and its table. */
function liveParts() {
  const draws = new Map();
  for (const place of document.querySelectorAll('.drawing')) {
    draws.set(place.dataset.part, liveChart(place, data.charts[place.dataset.part]));
  }
  for (const choice of document.querySelectorAll('select[data-part]')) {
    const { part } = choice.dataset;
    choice.addEventListener('change', () => {
      for (const panel of document.querySelectorAll(`.panel[data-of="${part}"]`)) panel.hidden = panel.dataset.index !== choice.value;
      draws.get(part)?.(Number(choice.value));
    });
  }
}

function unfoldingRows() {
  for (const button of document.querySelectorAll('.unfold')) {
    button.addEventListener('click', () => {
      const open = button.getAttribute('aria-expanded') !== 'true';
      button.setAttribute('aria-expanded', String(open));
      for (const row of document.querySelectorAll(`tr[data-parent="${button.dataset.unfolds}"]`)) row.hidden = !open;
    });
  }
}

/** The number in a cell such as "+0.0012", "1,230" or "3.2 min"; text stays text. */
function sortable(text) {
  const seconds = { s: 1, min: 60, h: 3600 };
  const match = /^([+-]?[\d,]*\.?\d+)(?: (s|min|h))?$/.exec(text);
  return match === null ? null : Number(match[1].replaceAll(',', '')) * (seconds[match[2]] ?? 1);
}

function compareCells(a, b) {
  const [x, y] = [sortable(a), sortable(b)];
  if (x !== null && y !== null) return x - y;
  if (x !== null || y !== null) return x !== null ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Plain tables become sortable by heading and filterable by a box above. */
function liveTables() {
  for (const table of document.querySelectorAll('table[data-sortable]')) {
    const heads = [...table.querySelectorAll('thead th')];
    const rows = [...table.querySelectorAll('tbody tr')].map((row) =>
      Object.fromEntries([...row.cells].map((cell, i) => [`c${i}`, cell.textContent])),
    );
    const region = table.parentElement;
    const filter = document.createElement('input');
    Object.assign(filter, { type: 'search', placeholder: 'Filter', ariaLabel: `Filter: ${region.getAttribute('aria-label')}` });
    const place = document.createElement('div');
    place.id = table.id;
    region.replaceWith(filter, place);
    const live = new Tabulator(place, {
      data: rows,
      maxHeight: '32rem',
      printAsHtml: true,
      columns: heads.map((head, i) => ({
        title: head.textContent,
        field: `c${i}`,
        sorter: compareCells,
        formatter: 'plaintext',
        hozAlign: head.classList.contains('number') ? 'right' : 'left',
        maxWidth: 320,
        tooltip: (_, cell) => cell.getValue(),
      })),
    });
    filter.addEventListener('input', () => {
      const wanted = filter.value.toLowerCase();
      live.setFilter((row) => Object.values(row).some((text) => String(text).toLowerCase().includes(wanted)));
    });
  }
}

window.addEventListener('beforeprint', () => (printing = true));
window.addEventListener('afterprint', () => (printing = false));
const data = JSON.parse(await unpack(byId('data').textContent));
await loadLibraries();
unfoldingRows();
liveParts();
liveTables();
document.documentElement.dataset.ready = 'true';
