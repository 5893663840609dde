/* Tables: rows that unfold, sorting and filtering, and the record behind a score. */
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

export function matches(texts, wanted) {
  return texts.some((text) => text.toLowerCase().includes(wanted.toLowerCase()));
}

/** Plain tables become sortable by heading and filterable by a box above. */
export function liveTables() {
  for (const table of document.querySelectorAll('table[data-sortable]')) {
    const heads = [...table.querySelectorAll('thead th')];
    const rows = [...table.querySelectorAll('tbody tr')].map((row) =>
      Object.fromEntries([...row.cells].map((cell, i) => [`c${i}`, cell.textContent])),
    );
    // Differences keep their colours: by column, the class of a text.
    const verdicts = heads.map((_, i) => {
      const cells = [...table.querySelectorAll(`tbody td:nth-child(${i + 1}):is(.equal, .near, .off)`)];
      return new Map(cells.map((cell) => [cell.textContent, cell.className]));
    });
    const region = table.parentElement;
    const label = region.getAttribute('aria-label');
    const filter = element('input', '', { type: 'search', placeholder: 'Filter', ariaLabel: `Filter: ${label}` });
    const place = element('div', '', { id: table.id, ariaLabel: label });
    table.removeAttribute('id');
    // Only rows in view are in the live table; the plain one is what is printed.
    region.classList.add('printed');
    region.before(filter, place);
    const live = makeTable(place, {
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

/** A table of the library with its roles in the order that the ARIA specification asks for. */
export function makeTable(place, options) {
  const table = new Tabulator(place, { columnHeaderSortMulti: false, ...options });
  table.on('tableBuilt', () => {
    // The scrolled part can be focused, so it must be the row group itself.
    table.element.removeAttribute('aria-owns');
    table.element.querySelector('.tabulator-tableholder').setAttribute('role', 'rowgroup');
    table.element.querySelector('.tabulator-table').setAttribute('role', 'presentation');
  });
  return table;
}

/** A score leads to its line of the table of provenance, as a dialog. */
export function liveScores() {
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
