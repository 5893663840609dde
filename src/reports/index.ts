export { buildReport } from './build.js';
export type { Report, ReportOptions } from './model.js';
export { renderTextTable } from './text.js';
export { parseFormats, reportFormats, writeReport, type ReportFormat } from './write.js';
