export { buildReport } from './model/build.js';
export type { Report, ReportOptions } from './model/model.js';
export { renderTextTable } from './formats/text.js';
export { parseFormats, reportFormats, writeReport, type ReportFormat } from './write.js';
