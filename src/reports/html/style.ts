import { darkTheme, lightTheme, tokenValues, type ChartTheme } from '../charts/themes.js';

/** A chart theme as CSS custom properties. */
function chartProperties(theme: ChartTheme): string {
  return Object.entries(tokenValues(theme))
    .map(([token, colour]) => `--chart-${token.slice(1)}: ${colour};`)
    .join(' ');
}

const light = `--page: #ffffff; --panel: #f5f7f9; --text: #1c2430; --muted: #5a6472; --line: #d5dae0; --accent: #0058a3;
  --equal: #00694c; --near: #7a5a00; --off: #b3261e; ${chartProperties(lightTheme)}`;
const dark = `--page: #14181f; --panel: #1c222b; --text: #e8ecf1; --muted: #a3adba; --line: #3a4350; --accent: #7cc0f5;
  --equal: #5fd6ab; --near: #e6c158; --off: #ff9d94; ${chartProperties(darkTheme)}`;

/** The page's own CSS. */
export const style = `
:root { ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 0 1rem 2rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, "DejaVu Sans", Arial, sans-serif; overflow-wrap: break-word; }
h1 { margin: 1.5rem 0 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; scroll-margin-top: 1rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
a { color: var(--accent); }
small, figcaption, .lead, footer, .hint { color: var(--muted); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--page); padding: .5rem; z-index: 9; }
.lead { margin: .25rem 0 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0 0; padding: 0; list-style: none; font-size: .9375rem; }
select, input, button { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--muted); border-radius: 4px; padding: .25rem .5rem; max-width: 100%; }
button { cursor: pointer; }
.scroll { overflow-x: auto; max-width: 100%; } .scroll + .scroll { margin-top: 1.5rem; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; font-size: .875rem; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--muted); vertical-align: bottom; }
th small { display: block; font-weight: 400; }
.scores th[scope=row] { position: sticky; left: 0; background: var(--page); font-weight: 500; min-width: 11rem; max-width: 18rem; }
.scores td { text-align: right; white-space: nowrap; }
.scores thead th + th { text-align: right; min-width: 6.5rem; max-width: 12rem; }
.scores .average > * { border-top: 2px solid var(--muted); font-style: italic; }
.scores .part th { padding-left: 1.75rem; font-weight: 400; }
.unfold { display: block; font-size: .8125rem; padding: 0 .375rem; margin-top: .125rem; }
.best { font-weight: 700; } .second { text-decoration: underline; text-underline-offset: 3px; }
small.difference { display: block; } .difference.equal { color: var(--equal); } .difference.near { color: var(--near); } .difference.off { color: var(--off); }
.chart { margin: 0 0 1rem; max-width: 60rem; }
.drawing { width: 100%; } .drawing > svg { width: 100%; height: auto; }
figcaption { font-size: .875rem; }
.pointed { margin: 0; min-height: 1.5em; font-size: .875rem; color: var(--muted); }
details { margin: .5rem 0; } summary { cursor: pointer; }
.data { min-width: min(100%, 30rem); } .number { text-align: right; } td.number { white-space: nowrap; } th.number { max-width: 12rem; }
.score { color: inherit; text-decoration: inherit; } .score:hover { color: var(--accent); text-decoration: underline dotted; }
dialog { max-width: min(44rem, calc(100vw - 2rem)); background: var(--page); color: var(--text); border: 1px solid var(--muted); border-radius: 6px; padding: 1rem 1.25rem; }
dialog::backdrop { background: rgb(0 0 0 / .4); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; font-size: .875rem; margin: .75rem 0; } dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.heat { background: color-mix(in srgb, var(--chart-heatHigh) var(--heat), var(--chart-heatLow)); }
.number.equal { color: var(--equal); } .number.near { color: var(--near); } .number.off { color: var(--off); }
.choices { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: end; margin-bottom: .75rem; } .choices p { margin: 0; max-width: 100%; }
.choices p > label:not(:has(input)) { display: block; font-size: .875rem; color: var(--muted); }
.rankings { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2rem; } h4 { margin: .5rem 0; }
.rankings li { margin-bottom: .25rem; } .grade { font-size: .8125rem; border: 1px solid var(--line); border-radius: 3px; padding: 0 .25rem; white-space: nowrap; }
.grade.relevant { border-color: var(--equal); color: var(--equal); font-weight: 600; }
.tabulator .tabulator-cell button { padding: 0 .375rem; font-size: .8125rem; }
.choices + #query-table { min-height: 30rem; }
input[type=search] { width: min(100%, 20rem); } input[type=search] + .tabulator { margin-top: .5rem; }
.tabulator { background: var(--page); color: var(--text); border: 1px solid var(--line); font-size: .875rem; }
.tabulator .tabulator-header, .tabulator .tabulator-header .tabulator-col { background: var(--panel); color: var(--text); border-color: var(--line); }
.tabulator .tabulator-header .tabulator-col.tabulator-sortable.tabulator-col-sorter-element:hover { background: var(--line); }
.tabulator .tabulator-header .tabulator-col .tabulator-col-content .tabulator-col-title { white-space: normal; }
.tabulator .tabulator-tableholder, .tabulator .tabulator-tableholder .tabulator-table { background: var(--page); color: var(--text); }
.tabulator-row, .tabulator-row.tabulator-row-even { background: var(--page); color: var(--text); border-bottom: 1px solid var(--line); }
.tabulator-row.tabulator-selectable:hover { background: var(--panel); }
.tabulator-row .tabulator-cell { border-right-color: var(--line); }
.tabulator-popup-container { background: var(--panel); color: var(--text); border-color: var(--muted); max-width: 30rem; white-space: normal; overflow-wrap: anywhere; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); font-size: .8125rem; }
@media (max-width: 480px) { dl { display: block; } dd { margin-bottom: .375rem; } th, td { padding: .25rem .4rem; } .scores th[scope=row] { min-width: 8rem; max-width: 9.5rem; } h1 { font-size: 1.375rem; } }
@media screen { .printed { display: none; } }
@media print {
  @page { size: landscape; margin: 12mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .skip, .choice, .pointed, .unfold, .choices, #query-table, #query-detail, input[type=search], .tabulator { display: none; }
  section:has(#query-table) { display: none; }
  .scroll { overflow: visible; }
  .scores { width: 100%; font-size: min(9pt, calc(255mm / (var(--columns) * 5 + 11))); }
  .scores th[scope=row], .scores thead th + th { position: static; min-width: 0; max-width: none; overflow-wrap: anywhere; }
  .scores th[scope=row] { min-width: 10em; overflow-wrap: break-word; }
  .scores th, .scores td { padding: .2em .4em; }
  .scores .part[hidden] { display: table-row; }
  .printed table { width: 100%; font-size: 6pt; } .printed * { overflow-wrap: anywhere; white-space: normal; padding: 1pt 2pt; }
  figure, tr { break-inside: avoid; } h2, .hint { break-after: avoid; }
}
`;
