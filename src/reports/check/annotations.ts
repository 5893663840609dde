import type { CheckReport } from '../../results/check/check-report.js';
import { remarksOf } from './text.js';

/**
 * Workflow commands that GitHub Actions shows as annotations: errors for failed cases, warnings for cases worth a look,
 * notices for improvements. GitHub shows at most ten of each per step, hence one annotation for cases with the same remark.
 */
export function renderAnnotations(reports: readonly CheckReport[]): string {
  return reports
    .flatMap((report) =>
      remarksOf(report)
        .filter(({ verdict }) => verdict !== 'skipped')
        .map(({ verdict, outcome, text }) => {
          const command = verdict === 'failed' ? 'error' : verdict === 'warned' ? 'warning' : 'notice';
          const title = escapeProperty(`${report.title}: ${outcome}`);
          return `::${command} title=${title}::${escapeData(text)}\n`;
        }),
    )
    .join('');
}

/** Escapes text as the runner decodes it (actions/toolkit, packages/core/src/command.ts). */
function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
