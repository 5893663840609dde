import { formatValue, NO_VALUE } from '../model/format.js';
import { suiteGrid, type Grid, type GridCell, type Heading } from '../layout/grid.js';
import type { Panel, ReportSection, Report, ReportTable } from '../model/model.js';

/** Maximum number of systems per table; a page has room for no more, so further systems go into further tables. */
const COLUMNS = 7;

const preamble = `% Compile with pdflatex. It prints characters of other scripts than Latin as code points: [U+4F60].
% To print the characters themselves, compile with lualatex or xelatex, and name a font that has them at \\setmainfont.
% Tables that are copied into another document need all the lines before \\begin{document}, except the first.
\\documentclass[10pt]{article}
\\usepackage{iftex}
\\ifPDFTeX
  \\usepackage[T1]{fontenc}
  \\usepackage[utf8]{inputenc}
  \\usepackage{textcomp}
  \\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}
  \\DeclareRobustCommand{\\codepoint}[1]{[U+#1]}
\\else
  \\usepackage{fontspec}
  % \\setmainfont{Noto Sans CJK SC}
  \\DeclareRobustCommand{\\codepoint}[1]{\\iffontchar\\font"#1 \\char"#1 \\else[U+#1]\\fi}
\\fi
\\usepackage[a4paper,landscape,margin=18mm]{geometry}
\\usepackage{array}
\\usepackage{booktabs}
\\usepackage{longtable}
\\usepackage{caption}
\\newcolumntype{R}[1]{>{\\raggedleft\\arraybackslash}p{#1}}
\\newcolumntype{L}[1]{>{\\raggedright\\arraybackslash}p{#1}}
\\setlength{\\tabcolsep}{4pt}
\\begin{document}`;

/** The report as a complete LaTeX document; its tables (booktabs, longtable) can be copied into others. */
export function renderLatex({ title, suites, systems, sections, notes }: Report): string {
  return [
    preamble,
    `\\section*{${escapeLatex(title)}}`,
    ...suites.flatMap((suite) =>
      slices(suiteGrid(suite, systems)).map((grid, i) => gridTable(grid, suite.name + (i === 0 ? '' : ' (continued)'))),
    ),
    'Best bold, second underlined; the oracle is not ranked.',
    ...(notes.length === 0
      ? []
      : [`\\begin{itemize}\n${notes.map((note) => `\\item ${escapeLatex(note)}`).join('\n')}\n\\end{itemize}`]),
    // The tables of costs and provenance are too wide for paper; Markdown, CSV and JSON have them.
    ...sections.filter(({ id }) => id !== 'provenance' && id !== 'cost').flatMap(sectionText),
    '\\end{document}',
  ]
    .join('\n\n')
    .concat('\n');
}

/** Splits a grid into pieces of at most {@link COLUMNS} columns. */
function slices(grid: Grid): Grid[] {
  const count = Math.max(1, Math.ceil(grid.columns.length / COLUMNS));
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i * COLUMNS, (i + 1) * COLUMNS];
    return {
      ...grid,
      columns: grid.columns.slice(from, to),
      lines: grid.lines.map(({ heading, cells }) => ({ heading, cells: cells.slice(from, to) })),
    };
  });
}

function gridTable({ corner, columns, lines }: Grid, caption: string): string {
  const head = [corner, ...columns.map(headingText)];
  const body = lines.map(({ heading, cells }) => {
    const rule = heading.kind === 'average' ? '\\midrule\n' : '';
    return rule + row([headingText(heading), ...cells.map(cellText)]);
  });
  return longTable(`L{58mm}${'R{24mm}'.repeat(columns.length)}`, head, body, caption);
}

function sectionText({ title, panels }: ReportSection): string[] {
  return [`\\section*{${escapeLatex(title)}}`, ...panels.map(panelTable)];
}

function panelTable({ label, table }: Panel): string {
  const head = table.columns.map((column) => escapeLatex(column.label));
  const body = table.lines.map((line) =>
    row(line.map((value, i) => escapeLatex(formatValue(value, table.columns[i]!.format)))),
  );
  return longTable(columnTypes(table), head, body, label);
}

/** Column types; text columns share the width that numbers leave. */
function columnTypes({ columns }: ReportTable): string {
  const texts = columns.filter(({ format }) => format === 'text').length;
  const [gap, number] = [3, 20];
  const width = (261 - columns.length * gap - (columns.length - texts) * number) / Math.max(1, texts);
  return columns
    .map(({ format }) =>
      format === 'text' ? `L{${Math.max(12, Math.min(80, width)).toFixed(0)}mm}` : `R{${number}mm}`,
    )
    .join('');
}

function longTable(types: string, head: readonly string[], body: readonly string[], caption: string): string {
  return [
    `\\begin{longtable}{${types}}`,
    `\\caption*{${escapeLatex(caption)}}\\\\`,
    '\\toprule',
    row(head),
    '\\midrule',
    '\\endhead',
    ...body,
    '\\bottomrule',
    '\\end{longtable}',
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `${cells.join(' & ')} \\\\`;
}

function headingText({ label, kind, detail }: Heading): string {
  const text = detail === '' ? escapeLatex(label) : `${escapeLatex(label)} (${escapeLatex(detail)})`;
  return kind === 'part' ? `\\quad ${text}` : text;
}

function cellText({ text, mark }: GridCell): string {
  if (text === NO_VALUE) return '--';
  if (mark === 'best') return `\\textbf{${text}}`;
  return mark === 'second' ? `\\underline{${text}}` : text;
}

const commands: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  "'": '\\textquotesingle{}',
  '`': '\\textasciigrave{}',
  // In braces, because the end of a row before it, `\\`, takes a `[` or `*` as its argument; so does `\item`.
  '[': '{[}',
  '*': '{*}',
  '·': '\\textperiodcentered{}',
  '–': '\\textendash{}',
  '—': '\\textemdash{}',
  '‘': '\\textquoteleft{}',
  '’': '\\textquoteright{}',
  '“': '\\textquotedblleft{}',
  '”': '\\textquotedblright{}',
  '…': '\\dots{}',
  '×': '\\texttimes{}',
};

/** Letters besides ASCII that the fonts of pdflatex have (T1 encoding). */
const latinLetters = /[À-ÖØ-öø-ÿĂ-ćČ-đĘ-ěĞğİıĹĺĽľŁłŃńŇňŐ-ŕŘ-śŞ-ťŮ-űŸ-ž]/;

/**
 * Escapes text for LaTeX, so that every text compiles at every place of the document. Long names may break after `/`, `-`,
 * `_` and `.`. Characters that pdflatex's fonts lack become `\codepoint` commands, which the preamble defines.
 */
export function escapeLatex(text: string): string {
  return Array.from(text.replace(/\s+/g, ' '), escapeCharacter)
    .join('')
    .replace(/,(?=,)/g, ',{}'); // the fonts would join two commas into a quotation mark
}

function escapeCharacter(character: string): string {
  const command = Object.hasOwn(commands, character) ? commands[character] : undefined;
  if (command !== undefined) return command;
  if (/[#$%&{}]/.test(character)) return `\\${character}`;
  if (character === '_') return '\\_\\allowbreak{}';
  if (/[/.-]/.test(character)) return `${character}\\allowbreak{}`;
  if (/[ -~]/.test(character) || latinLetters.test(character)) return character;
  return `\\codepoint{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}}`;
}
