/* The script of a report's page: unpacks what is built in, and makes charts and tables live. Runs in the browser. */
/* global document, window, atob, Blob, Response, DecompressionStream, matchMedia, ResizeObserver, echarts */
(async () => {
  'use strict';

  /** Text from base64 of gzip. */
  async function unpack(base64) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
  }

  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(await unpack(byId('data').textContent));
  for (const library of document.querySelectorAll('script.library')) {
    const script = document.createElement('script');
    script.textContent = await unpack(library.textContent);
    document.head.append(script);
  }

  const sizeLabel = (count) => {
    for (const [unit, size] of [['B', 1e9], ['M', 1e6], ['K', 1e3]]) {
      if (count >= size) return `${+(count / size).toPrecision(3)}${unit}`;
    }
    return String(count);
  };
  const dark = matchMedia('screen and (prefers-color-scheme: dark)');

  /** An option with its tokens replaced by the colours of the theme in use. */
  function resolve(value, theme, key) {
    if (key === 'name' || key === 'tip') return value;
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

  function liveChart(place) {
    const key = place.dataset.chart;
    const choice = document.querySelector(`select[data-chart="${key}"]`);
    place.replaceChildren();
    const chart = echarts.init(place, null, { renderer: 'svg', height: 300 });
    let points = [];
    let at = -1;

    function draw() {
      const index = Number(choice?.value ?? 0);
      const { wide, narrow } = data.charts[key][index];
      const { option, title, description, height } = place.clientWidth < 560 ? narrow : wide;
      const theme = data.themes[dark.matches && !printing ? 'dark' : 'light'];
      const resolved = resolve(option, theme);
      resolved.tooltip = {
        ...resolved.tooltip,
        formatter: tooltip,
        backgroundColor: theme.$background,
        borderColor: theme.$muted,
        textStyle: { color: theme.$text },
        extraCssText: 'max-width: 20rem; white-space: normal; overflow-wrap: anywhere;',
      };
      place.style.height = `${height}px`;
      chart.resize({ height });
      chart.setOption(resolved, { notMerge: true });
      const svg = place.querySelector('svg');
      svg.setAttribute('role', 'img');
      svg.setAttribute('aria-label', `${title}. ${description}`);
      byId(`caption-${key}`).textContent = title;
      for (const part of document.querySelectorAll(`.numbers[data-of="${key}"]`)) part.hidden = Number(part.dataset.index) !== index;
      points = option.series.flatMap((series, s) => series.data.map((point, d) => ({ seriesIndex: s, dataIndex: d, tip: point.tip })));
      at = -1;
    }

    let printing = false;
    place.tabIndex = 0;
    place.setAttribute('role', 'group');
    place.setAttribute('aria-label', 'Chart; left and right arrow keys go through its points');
    place.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === 'Escape') chart.dispatchAction({ type: 'hideTip' });
      if (step === undefined || points.length === 0) return;
      event.preventDefault();
      at = (at + step + points.length + (at < 0 && step < 0 ? 1 : 0)) % points.length;
      const { tip, ...point } = points[at];
      chart.dispatchAction({ type: 'showTip', ...point });
      byId(`pointed-${key}`).textContent = tip.join(', ');
    });
    choice?.addEventListener('change', draw);
    dark.addEventListener('change', draw);
    window.addEventListener('beforeprint', () => ((printing = true), draw()));
    window.addEventListener('afterprint', () => ((printing = false), draw()));
    let width = place.clientWidth;
    new ResizeObserver(() => {
      if (place.clientWidth === width) return;
      width = place.clientWidth;
      draw();
    }).observe(place);
    draw();
    return chart;
  }

  for (const button of document.querySelectorAll('.unfold')) {
    button.addEventListener('click', () => {
      const open = button.getAttribute('aria-expanded') !== 'true';
      button.setAttribute('aria-expanded', String(open));
      for (const row of document.querySelectorAll(`tr[data-parent="${button.dataset.unfolds}"]`)) row.hidden = !open;
    });
  }
  for (const place of document.querySelectorAll('.drawing')) liveChart(place);
  document.documentElement.dataset.ready = 'true';
})();
