import type { CheckReport } from '../../results/check-report.js';
import { isRemarkable, sentenceOf } from './text.js';

/**
 * Workflow commands that GitHub Actions shows as annotations: an error for each case that failed, a warning for each worth
 * a look, a notice for each improvement.
 */
export function renderAnnotations(reports: readonly CheckReport[]): string {
  return reports
    .flatMap((report) =>
      report.cases
        .filter(isRemarkable)
        .map((one) => {
          const command = one.verdict === 'failed' ? 'error' : one.verdict === 'warned' ? 'warning' : 'notice';
          const title = escapeProperty(`${report.title}: ${one.outcome}`);
          return `::${command} title=${title}::${escapeData(sentenceOf(one))}\n`;
        }),
    )
    .join('');
}

/** As the runner reads them back (actions/toolkit, packages/core/src/command.ts). */
function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
