/** `sgpt-bench/gate`: results against a baseline or published scores, and the formats that CI reads. */
export { baselineOf, onePerEntry, readBaseline, writeBaseline, type Baseline } from '../results/check/baseline.js';
export { hasFailed, type CheckCase, type CheckReport } from '../results/check/check-report.js';
export { checkBaseline } from '../results/check/gate.js';
export { defaultLimits, defaultTolerance, type GateLimits } from '../results/check/limits.js';
export { checkPublished } from '../results/check/published-check.js';
export { renderAnnotations } from '../reports/check/annotations.js';
export { renderJunit } from '../reports/check/junit.js';
export { renderCheckMarkdown } from '../reports/check/markdown.js';
export { renderCheckText } from '../reports/check/text.js';
