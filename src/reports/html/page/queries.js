/* Comparison of two systems, query by query. */

import { block, byId, element, textBox } from './dom.js';
import { makeTable, matches } from './tables.js';

const steps = 10_000;
const shownScore = (value) => (value === null || value === undefined ? '–' : value.toFixed(4));
const signed = (value) => (value > 0 ? `+${value.toFixed(4)}` : value.toFixed(4));

/** Fills the table that compares two systems query by query. */
export async function liveQueries(pair) {
  const [task, a, b] = ['query-task', 'query-a', 'query-b'].map(byId);
  const [filter, differ, detail] = ['query-filter', 'query-differ', 'query-detail'].map(byId);
  [a.value, b.value] = pair;
  byId('query-table').replaceChildren();
  const score = { hozAlign: 'right', headerHozAlign: 'right', sorter: 'number', width: 110 };
  const table = makeTable(byId('query-table'), {
    height: '30rem',
    index: 'at',
    placeholder: 'No matching query.',
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

  /** Offers only systems that were run on the task. */
  function offer(choice, scores, otherwise) {
    const options = [...choice.options].filter(
      (option) => !(option.disabled = option.hidden = scores[option.value] === undefined),
    );
    if (scores[choice.value] === undefined) choice.value = options.at(otherwise === 'first' ? 0 : -1).value;
  }

  let latest = 0;
  async function fill() {
    const request = ++latest;
    const { ids, texts, scores } = await block(task.value);
    if (request !== latest) return;
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
    const sides = element('div', '', { className: 'rankings' });
    sides.append(...lists);
    detail.replaceChildren(element('h3', `${text} (${id})`), sides);
    detail.focus();
  }

  for (const choice of [task, a, b]) choice.addEventListener('change', fill);
  filter.addEventListener('input', applyFilter);
  differ.addEventListener('change', applyFilter);
  await fill();
}

/** A ranking as a list with titles and grades. */
function rankingList(label, rankings, at) {
  const part = element('div', '');
  part.append(element('h4', label));
  const top = rankings?.tops[at] ?? [];
  if (top.length === 0) {
    part.append(element('p', rankings === undefined ? 'This ranking is not in the page.' : 'Nothing was found.'));
    return part;
  }
  const list = element('ol', '');
  for (const [index, score, grade] of top) {
    const [id, title] = rankings.documents[index];
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
