import type { Outcome } from './limits.js';

/** Control characters, which could do something to a terminal; line ends and tabs are the program's own. */
const unprintable = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const maxMessage = 20_000;

/**
 * What is wrong with an outcome; null for one of the two that are allowed: success with finite numbers, or one sentence and
 * exit status 2.
 */
export function complaintAbout({ status, stdout, stderr, exceeded, seconds, mebibytes }: Outcome): string | null {
  if (exceeded === 'time') return `took longer than ${seconds.toFixed(0)} s`;
  if (exceeded === 'memory') return `used more than ${mebibytes} MiB`;
  if (status !== 0 && status !== 1 && status !== 2) return `ended with ${status}`;
  if (/^\s+at .*:\d+:\d+\)?$/m.test(stderr + stdout)) return 'showed a stack trace';
  if (unprintable.test(stderr)) return 'wrote control characters to stderr';
  if (stderr.length > maxMessage) return `wrote ${stderr.length} characters to stderr`;
  if (status === 2) {
    const last = stderr.trimEnd().split('\n').at(-1) ?? '';
    return /^(sgpt-bench|error): ./.test(last) ? null : 'ended with 2 without a sentence';
  }
  return /(?<![\w.]|received )-?(NaN|Infinity)(?![\w.])/.test(stdout) ? 'printed a number that is not finite' : null;
}
