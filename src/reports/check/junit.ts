import { countOf, type CheckCase, type CheckReport } from '../../results/check/check-report.js';
import { numbersOf } from './text.js';

/**
 * Checks as JUnit XML: one suite per check, one test case per result (class: the task; name: system and measure). Cases
 * worth a look pass, with their remark in system-out.
 */
export function renderJunit(reports: readonly CheckReport[]): string {
  const suites = reports.map((report) => {
    const counts =
      `tests="${report.cases.length}" failures="${countOf(report, 'failed')}" ` +
      `errors="0" skipped="${countOf(report, 'skipped')}"`;
    const cases = report.cases.map((one) => testCase(one, report.against));
    return [`  <testsuite name="${escapeXml(report.title)}" ${counts}>`, ...cases, '  </testsuite>'].join('\n');
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join('\n');
}

function testCase(one: CheckCase, against: string): string {
  const name = escapeXml(`${one.system} ${one.measure}`);
  return [
    `    <testcase classname="${escapeXml(one.task)}" name="${name}">`,
    `      ${body(one, against)}`,
    '    </testcase>',
  ].join('\n');
}

function body(one: CheckCase, against: string): string {
  const [expected, found, difference, p] = numbersOf(one);
  const message = escapeXml(one.message);
  if (one.verdict === 'failed')
    return `<failure type="${escapeXml(one.outcome)}" message="${message}">${message}</failure>`;
  if (one.verdict === 'skipped') return `<skipped message="${message}"/>`;
  const numbers = `${against} ${expected}, now ${found}, difference ${difference}, p ${p}`;
  return `<system-out>${escapeXml(`${one.outcome}: ${numbers}; ${one.message}`)}</system-out>`;
}

/** Text for an attribute or an element; characters that XML 1.0 does not allow become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Surrogate}]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&apos;')
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
