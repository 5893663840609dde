/* Tables: rows that unfold, sorting and filtering, and the record of a score. */
/* global document, Tabulator */

import { byId, element, textBox } from './dom.js';

export function unfoldingRows() {
  for (const button of document.querySelectorAll('.unfold')) {
    button.addEventListener('click', () => {
      const open = button.getAttribute('aria-expanded') !== 'true';
      button.setAttribute('aria-expanded', String(open));
      for (const row of document.querySelectorAll(`tr[data-parent="${button.dataset.unfolds}"]`)) row.hidden = !open;
    });
  }
}

/** The number in a cell such as "+0.0012", "1,230" or "3.2 min"; null for other text. */
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

export function matches(texts, wanted) {
  return texts.some((text) => text.toLowerCase().includes(wanted.toLowerCase()));
}

/** Makes plain tables sortable by their headings and filterable by a box above. */
export function liveTables() {
  for (const table of document.querySelectorAll('table[data-sortable]')) {
    const heads = [...table.querySelectorAll('thead th')];
    const rows = [...table.querySelectorAll('tbody tr')].map((row) =>
      Object.fromEntries([...row.cells].map((cell, i) => [`c${i}`, cell.textContent])),
    );
    // By column: text → class, so that differences keep their colours.
    const verdicts = heads.map((_, i) => {
      const cells = [...table.querySelectorAll(`tbody td:nth-child(${i + 1}):is(.equal, .near, .off)`)];
      return new Map(cells.map((cell) => [cell.textContent, cell.className]));
    });
    const region = table.parentElement;
    const label = region.getAttribute('aria-label');
    const filter = element('input', '', { type: 'search', placeholder: 'Filter', ariaLabel: `Filter: ${label}` });
    const container = element('div', '', { id: table.id, ariaLabel: label });
    table.removeAttribute('id');
    // The interactive table holds only the rows in view; printing uses the plain one.
    region.classList.add('printed');
    region.before(filter, container);
    const live = makeTable(container, {
      data: rows,
      maxHeight: '32rem',
      columns: heads.map((head, i) => ({
        title: head.textContent,
        field: `c${i}`,
        sorter: compareCells,
        formatter: (cell) => element('span', cell.getValue(), { className: verdicts[i].get(cell.getValue()) ?? '' }),
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

/** Creates a table of the library, with its roles nested as the ARIA specification requires. */
export function makeTable(container, options) {
  const table = new Tabulator(container, { columnHeaderSortMulti: false, ...options });
  table.on('tableBuilt', () => {
    // The scrolling element can have the focus, so it must be the row group itself.
    table.element.removeAttribute('aria-owns');
    table.element.querySelector('.tabulator-tableholder').setAttribute('role', 'rowgroup');
    table.element.querySelector('.tabulator-table').setAttribute('role', 'presentation');
  });
  return table;
}

/** Makes a click on a score open a dialog with its line of the provenance table. */
export function liveScores() {
  const table = byId('table-provenance');
  const heads = [...table.querySelectorAll('thead th')].map((head) => head.textContent);
  const lines = [...table.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent));
  const dialog = document.createElement('dialog');
  document.body.append(dialog);
  dialog.setAttribute('aria-label', 'Record of the score');
  document.querySelector('main').addEventListener('click', (event) => {
    const score = event.target.closest('a.score');
    if (score === null) return;
    event.preventDefault();
    const list = element('dl', '');
    lines[score.dataset.line].forEach((text, i) => list.append(element('dt', heads[i]), element('dd', text)));
    const close = element('button', 'Close', { type: 'button', onclick: () => dialog.close() });
    dialog.replaceChildren(element('h3', 'Record of the score'), list, close);
    dialog.showModal();
  });
}
