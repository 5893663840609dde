import { join } from 'node:path';
import { InputError, unknownName } from '../core/errors.js';
import { writeFileAtomic } from '../io/files.js';
import { chartOf } from './charts/index.js';
import { renderSvg } from './charts/svg.js';
import { lightTheme } from './charts/themes.js';
import { csvFiles } from './formats/csv.js';
import type { ReportFile } from './layout/files.js';
import { renderHtml } from './html/document.js';
import { renderJson } from './formats/json.js';
import { renderLatex } from './formats/latex.js';
import { renderMarkdown } from './formats/markdown.js';
import type { Panel, Report } from './model/model.js';
import { mtebFiles } from './formats/mteb.js';
import { renderPng } from './formats/png.js';

export const reportFormats = ['html', 'md', 'csv', 'latex', 'json', 'mteb', 'svg', 'png'] as const;
export type ReportFormat = (typeof reportFormats)[number];

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
 * Writes the report in each format. Everything is made before anything is written, and each file is there whole or not
 * at all.
 * @returns the paths written, in order
 */
export async function writeReport(report: Report, folder: string, formats: readonly ReportFormat[]): Promise<string[]> {
  const made = (await Promise.all(formats.map((format) => filesOf(report, format)))).flat();
  const files = new Map(made.map(({ name, data }) => [name, data]));
  for (const [name, data] of files) await writeFileAtomic(join(folder, name), data);
  return [...files.keys()].map((name) => join(folder, name));
}

async function filesOf(report: Report, format: ReportFormat): Promise<ReportFile[]> {
  switch (format) {
    case 'html':
      return [{ name: 'index.html', data: await renderHtml(report) }];
    case 'md':
      return markdownFiles(report);
    case 'csv':
      return csvFiles(report);
    case 'latex':
      return [{ name: 'report.tex', data: renderLatex(report) }];
    case 'json':
      return [{ name: 'report.json', data: renderJson(report) }];
    case 'mteb':
      return mtebFiles(report);
    case 'svg':
      return panelsWithFigures(report).map((panel) => ({ name: `charts/${panel.id}.svg`, data: svgOf(panel) }));
    case 'png':
      return Promise.all(
        panelsWithFigures(report).map(async (panel) => ({
          name: `charts/${panel.id}.png`,
          data: await renderPng(svgOf(panel)),
        })),
      );
  }
}

/** The text, and the first chart of each part beside it: `size.svg`, `layers.svg` … */
function markdownFiles(report: Report): ReportFile[] {
  const charts = report.parts.flatMap(({ id, panels }) => {
    const panel = panels[0]!;
    return panel.figure === null ? [] : [{ panel, name: `${id === 'sizes' ? 'size' : id}.svg` }];
  });
  const names = new Map(charts.map(({ panel, name }) => [panel.id, name]));
  return [
    { name: 'report.md', data: renderMarkdown(report, names) },
    ...charts.map(({ panel, name }) => ({ name, data: svgOf(panel) })),
  ];
}

type PanelWithFigure = Panel & { readonly figure: NonNullable<Panel['figure']> };

function panelsWithFigures({ parts }: Report): PanelWithFigure[] {
  return parts.flatMap(({ panels }) => panels.filter((panel): panel is PanelWithFigure => panel.figure !== null));
}

function svgOf({ figure }: Panel): string {
  return renderSvg(chartOf(figure!), lightTheme);
}
