import { join } from 'node:path';
import { InputError, unknownName } from '../core/errors.js';
import { writeFileAtomic } from '../io/files.js';
import type { ReportFile } from './layout/files.js';
import type { Panel, Report } from './model/model.js';

/** A report format. Its code is loaded on demand. */
interface FormatRow {
  readonly name: string;
  /** A short description for the help. */
  readonly description: string;
  files(report: Report): Promise<readonly ReportFile[]>;
}

/** The table of formats. To add one: a file in formats/, and a row here. */
const formats = [
  {
    name: 'html',
    description: 'one page with everything',
    files: async (report) => [
      { name: 'index.html', data: await (await import('./html/document.js')).renderHtml(report) },
    ],
  },
  { name: 'md', description: 'Markdown, with charts beside it', files: markdownFiles },
  {
    name: 'csv',
    description: 'a file per table',
    files: async (report) => (await import('./formats/csv.js')).csvFiles(report),
  },
  {
    name: 'latex',
    description: 'tables for a paper',
    files: async (report) => [{ name: 'report.tex', data: (await import('./formats/latex.js')).renderLatex(report) }],
  },
  {
    name: 'json',
    description: 'all numbers',
    files: async (report) => [{ name: 'report.json', data: (await import('./formats/json.js')).renderJson(report) }],
  },
  {
    name: 'mteb',
    description: "mteb's result files",
    files: async (report) => (await import('./formats/mteb.js')).mtebFiles(report),
  },
  { name: 'svg', description: 'charts', files: svgFiles },
  { name: 'png', description: 'charts', files: pngFiles },
] as const satisfies readonly FormatRow[];

export type ReportFormat = (typeof formats)[number]['name'];
export const reportFormats: readonly ReportFormat[] = formats.map(({ name }) => name);

/** @throws InputError for an unknown format, or none */
export function parseFormats(names: readonly string[]): ReportFormat[] {
  if (names.length === 0) throw new InputError(`no format is given; known: ${reportFormats.join(', ')}`);
  return [...new Set(names)].map((name) => {
    const format = reportFormats.find((known) => known === name);
    if (format === undefined) throw unknownName('format', name, reportFormats);
    return format;
  });
}

/**
 * Writes the report in each format. All files are rendered before the first one is written, and each file appears whole or
 * not at all.
 * @returns the written paths, in order
 */
export async function writeReport(report: Report, folder: string, names: readonly ReportFormat[]): Promise<string[]> {
  const rows = names.map((name): FormatRow => formats.find((format) => format.name === name)!);
  const rendered = (await Promise.all(rows.map((format) => format.files(report)))).flat();
  const files = new Map(rendered.map(({ name, data }) => [name, data]));
  for (const [name, data] of files) await writeFileAtomic(join(folder, name), data);
  return [...files.keys()].map((name) => join(folder, name));
}

/** The text, and the first chart of each section: `size.svg`, `layers.svg` … */
async function markdownFiles(report: Report): Promise<ReportFile[]> {
  const [{ renderMarkdown }, svgOf] = await Promise.all([import('./formats/markdown.js'), svgRenderer()]);
  const charts = report.sections.flatMap(({ id, panels }) => {
    const panel = panels[0]!;
    return panel.figure === null ? [] : [{ panel, name: `${id === 'sizes' ? 'size' : id}.svg` }];
  });
  const names = new Map(charts.map(({ panel, name }) => [panel.id, name]));
  return [
    { name: 'report.md', data: renderMarkdown(report, names) },
    ...charts.map(({ panel, name }) => ({ name, data: svgOf(panel) })),
  ];
}

async function svgFiles(report: Report): Promise<ReportFile[]> {
  const svgOf = await svgRenderer();
  return panelsWithFigures(report).map((panel) => ({ name: `charts/${panel.id}.svg`, data: svgOf(panel) }));
}

async function pngFiles(report: Report): Promise<ReportFile[]> {
  const [{ renderPng }, svgOf] = await Promise.all([import('./formats/png.js'), svgRenderer()]);
  return Promise.all(
    panelsWithFigures(report).map(async (panel) => ({
      name: `charts/${panel.id}.png`,
      data: await renderPng(svgOf(panel)),
    })),
  );
}

type PanelWithFigure = Panel & { readonly figure: NonNullable<Panel['figure']> };

function panelsWithFigures({ sections }: Report): PanelWithFigure[] {
  return sections.flatMap(({ panels }) => panels.filter((panel): panel is PanelWithFigure => panel.figure !== null));
}

async function svgRenderer(): Promise<(panel: Panel) => string> {
  const [{ chartOf }, { renderSvg }, { lightTheme }] = await Promise.all([
    import('./charts/index.js'),
    import('./charts/svg.js'),
    import('./charts/themes.js'),
  ]);
  return ({ figure }) => renderSvg(chartOf(figure!), lightTheme);
}
