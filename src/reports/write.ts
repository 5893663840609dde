import { join } from 'node:path';
import { InputError, unknownName } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { sizeChart } from './charts.js';
import { renderHtml } from './html/document.js';
import { renderMarkdown } from './markdown.js';
import type { Report } from './model.js';
import { renderSvg } from './svg.js';
import { lightTheme } from './themes.js';

export const reportFormats = ['html', 'md'] as const;
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

/** A file of a report, by its name below the output folder. */
export interface ReportFile {
  readonly name: string;
  readonly data: string | Uint8Array;
}

/**
 * Writes the report in each format. Everything is made before anything is written.
 * @returns the paths written, in order
 */
export async function writeReport(report: Report, folder: string, formats: readonly ReportFormat[]): Promise<string[]> {
  const files = (await Promise.all(formats.map((format) => filesOf(report, format)))).flat();
  for (const { name, data } of files) await writeFileAtomic(join(folder, name), data);
  return files.map(({ name }) => join(folder, name));
}

async function filesOf(report: Report, format: ReportFormat): Promise<ReportFile[]> {
  switch (format) {
    case 'html':
      return [{ name: 'index.html', data: await renderHtml(report) }];
    case 'md':
      return markdownFiles(report);
  }
}

function markdownFiles(report: Report): ReportFile[] {
  const figure = report.figures.sizes[0];
  if (figure === undefined) return [{ name: 'report.md', data: renderMarkdown(report, []) }];
  const chart = sizeChart(figure);
  const file = 'size.svg';
  return [
    { name: 'report.md', data: renderMarkdown(report, [{ title: chart.title, file }]) },
    { name: file, data: renderSvg(chart, lightTheme) },
  ];
}
