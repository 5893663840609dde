/** `sgpt-bench/reports`: tables and charts of result records. */
export {
  buildReport,
  parseFormats,
  renderTextTable,
  reportFormats,
  writeReport,
  type Report,
  type ReportFormat,
  type ReportOptions,
} from '../reports/index.js';
export { renderComparison } from '../reports/formats/comparison.js';
