/* The script of a report's page, a module: unpacks what is built in, and makes charts and tables live. */
/* global document, window, atob, Blob, Response, DecompressionStream, matchMedia, ResizeObserver, IntersectionObserver, echarts, Tabulator */

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
      for (const panel of document.querySelectorAll(`.panel[data-of="${part}"]`))
        panel.hidden = panel.dataset.index !== choice.value;
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
function numberIn(text) {
  const seconds = { s: 1, min: 60, h: 3600 };
  const match = /^([+-]?[\d,]*\.?\d+)(?: (s|min|h))?$/.exec(text);
  return match === null ? null : Number(match[1].replaceAll(',', '')) * (seconds[match[2]] ?? 1);
}

function compareCells(a, b) {
  const [x, y] = [numberIn(a), numberIn(b)];
  if (x !== null && y !== null) return x - y;
  if (x !== null || y !== null) return x !== null ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function matches(texts, wanted) {
  return texts.some((text) => text.toLowerCase().includes(wanted.toLowerCase()));
}

/** Plain tables become sortable by heading and filterable by a box above. */
function liveTables() {
  for (const table of document.querySelectorAll('table[data-sortable]')) {
    const heads = [...table.querySelectorAll('thead th')];
    const rows = [...table.querySelectorAll('tbody tr')].map((row) =>
      Object.fromEntries([...row.cells].map((cell, i) => [`c${i}`, cell.textContent])),
    );
    const region = table.parentElement;
    const label = region.getAttribute('aria-label');
    const filter = document.createElement('input');
    Object.assign(filter, { type: 'search', placeholder: 'Filter', ariaLabel: `Filter: ${label}` });
    const place = document.createElement('div');
    Object.assign(place, { id: table.id, ariaLabel: label });
    region.replaceWith(filter, place);
    const live = makeTable(place, {
      data: rows,
      maxHeight: '32rem',
      printAsHtml: true,
      columns: heads.map((head, i) => ({
        title: head.textContent,
        field: `c${i}`,
        sorter: compareCells,
        formatter: 'plaintext',
        hozAlign: head.classList.contains('number') ? 'right' : 'left',
        headerHozAlign: head.classList.contains('number') ? 'right' : 'left',
        maxInitialWidth: 280,
        minWidth: 60,
        tooltip: (_, cell) => textBox(cell.getValue()),
      })),
    });
    filter.addEventListener('input', () => live.setFilter((row) => matches(Object.values(row), filter.value)));
  }
}

/** A table of the library with its roles in the order that the ARIA specification asks for. */
function makeTable(place, options) {
  const table = new Tabulator(place, { columnHeaderSortMulti: false, ...options });
  table.on('tableBuilt', () => {
    // The scrolled part can be focused, so it must be the row group itself.
    table.element.removeAttribute('aria-owns');
    table.element.querySelector('.tabulator-tableholder').setAttribute('role', 'rowgroup');
    table.element.querySelector('.tabulator-table').setAttribute('role', 'presentation');
  });
  return table;
}

function textBox(text) {
  const box = document.createElement('div');
  box.textContent = text;
  return box;
}

function element(name, text, attributes = {}) {
  const made = Object.assign(document.createElement(name), attributes);
  made.textContent = text;
  return made;
}

const blocks = new Map();

/** What is packed under a key, unpacked once; undefined where the page does not have it. */
async function block(key) {
  const packed = document.querySelector(`script[data-block="${key}"]`);
  if (packed === null) return undefined;
  if (!blocks.has(key)) blocks.set(key, unpack(packed.textContent).then(JSON.parse));
  return blocks.get(key);
}

const steps = 10_000;
const shownScore = (value) => (value === null || value === undefined ? '–' : value.toFixed(4));
const signed = (value) => (value > 0 ? `+${value.toFixed(4)}` : value.toFixed(4));

/** The table that compares two systems query by query. */
async function liveQueries() {
  const [task, a, b] = ['query-task', 'query-a', 'query-b'].map(byId);
  const [filter, differ, detail] = ['query-filter', 'query-differ', 'query-detail'].map(byId);
  [a.value, b.value] = data.pair;
  byId('query-table').replaceChildren();
  const score = { hozAlign: 'right', headerHozAlign: 'right', sorter: 'number', width: 110 };
  const table = makeTable(byId('query-table'), {
    height: '30rem',
    index: 'at',
    placeholder: 'No query fits.',
    layout: 'fitColumns',
    columns: [
      {
        title: 'Query',
        field: 'text',
        formatter: 'plaintext',
        minWidth: 160,
        tooltip: (_, cell) => textBox(cell.getValue()),
      },
      { title: 'A', field: 'a', ...score, width: 84, formatter: (cell) => shownScore(cell.getValue()) },
      { title: 'B', field: 'b', ...score, width: 84, formatter: (cell) => shownScore(cell.getValue()) },
      { title: 'B − A', field: 'difference', ...score, width: 92, formatter: (cell) => signed(cell.getValue()) },
      {
        title: 'Rankings',
        field: 'at',
        headerSort: false,
        width: 96,
        formatter: (cell) =>
          element('button', 'Top 10', { type: 'button', ariaLabel: `Top 10 for ${cell.getData().text}` }),
        cellClick: (event, cell) => event.target.closest('button') && showRankings(cell.getData()),
      },
      { title: 'Id', field: 'id', formatter: 'plaintext', width: 110 },
    ],
  });
  await new Promise((built) => table.on('tableBuilt', built));

  function applyFilter() {
    table.setFilter((row) => matches([row.text, row.id], filter.value) && (!differ.checked || row.difference !== 0));
  }

  /** Only systems that were run on the task can be chosen. */
  function offer(choice, scores, otherwise) {
    const options = [...choice.options].filter(
      (option) => !(option.disabled = option.hidden = scores[option.value] === undefined),
    );
    if (scores[choice.value] === undefined) choice.value = options.at(otherwise === 'first' ? 0 : -1).value;
  }

  async function fill() {
    const { ids, texts, scores } = await block(task.value);
    offer(a, scores, 'first');
    offer(b, scores, 'last');
    const value = (choice, i) => {
      const found = scores[choice.value]?.[i] ?? null;
      return found === null ? null : found / steps;
    };
    const rows = ids.map((id, i) => {
      const [x, y] = [value(a, i), value(b, i)];
      return { at: i, id, text: texts[i], a: x, b: y, difference: Number(((y ?? 0) - (x ?? 0)).toFixed(4)) };
    });
    detail.replaceChildren();
    await table.setData(rows);
    applyFilter();
    table.element.dataset.rows = rows.length;
  }

  async function showRankings({ at, text, id }) {
    const lists = await Promise.all(
      [a, b].map(async (choice, side) => {
        const rankings = await block(`${task.value} ${choice.value}`);
        return rankingList(`${'AB'[side]}: ${choice.selectedOptions[0].textContent}`, rankings, at);
      }),
    );
    const pair = element('div', '', { className: 'rankings' });
    pair.append(...lists);
    detail.replaceChildren(element('h3', `${text} (${id})`), pair);
    detail.focus();
  }

  for (const choice of [task, a, b]) choice.addEventListener('change', fill);
  filter.addEventListener('input', applyFilter);
  differ.addEventListener('change', applyFilter);
  await fill();
}

/** A ranking with titles and grades. */
function rankingList(label, rankings, at) {
  const part = element('div', '');
  part.append(element('h4', label));
  const top = rankings?.tops[at] ?? [];
  if (top.length === 0) {
    part.append(element('p', rankings === undefined ? 'This ranking is not in the page.' : 'Nothing was found.'));
    return part;
  }
  const list = element('ol', '');
  for (const [place, score, grade] of top) {
    const [id, title] = rankings.documents[place];
    const item = element('li', title === '' ? id : `${title} `);
    if (title !== '') item.append(element('small', id));
    item.append(
      ' ',
      element('span', grade === null ? 'not judged' : `grade ${grade}`, {
        className: grade > 0 ? 'grade relevant' : 'grade',
      }),
    );
    item.append(' ', element('small', String(score)));
    list.append(item);
  }
  part.append(list);
  return part;
}

/** A score leads to its line of the table of provenance, as a dialog. */
function liveScores() {
  const table = byId('table-provenance');
  const heads = [...table.querySelectorAll('thead th')].map((head) => head.textContent);
  const lines = [...table.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent));
  const dialog = document.createElement('dialog');
  document.body.append(dialog);
  dialog.setAttribute('aria-label', 'Where the score comes from');
  document.querySelector('main').addEventListener('click', (event) => {
    const score = event.target.closest('a.score');
    if (score === null) return;
    event.preventDefault();
    const list = element('dl', '');
    lines[score.dataset.line].forEach((text, i) => list.append(element('dt', heads[i]), element('dd', text)));
    const close = element('button', 'Close', { type: 'button', onclick: () => dialog.close() });
    dialog.replaceChildren(element('h3', 'Where the score comes from'), list, close);
    dialog.showModal();
  });
}

/** Per-query data is unpacked when its section comes into view. */
function whenSeen(place, act) {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { rootMargin: '600px' },
  );
  observer.observe(place);
}

window.addEventListener('beforeprint', () => (printing = true));
window.addEventListener('afterprint', () => (printing = false));
const data = JSON.parse(await unpack(byId('data').textContent));
await loadLibraries();
unfoldingRows();
liveParts();
liveScores();
liveTables();
if (byId('query-table') !== null) whenSeen(byId('query-table'), liveQueries);
document.documentElement.dataset.ready = 'true';
