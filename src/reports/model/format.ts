import { formatDifference, formatProbability, formatScore } from '../../results/score-format.js';
import type { Column, TableValue } from './model.js';

/** Text of a missing value. */
export const NO_VALUE = '–';

/** Formats a number of parameters: `950K`, `1.2M`, `125M`, `5.8B`. */
export function formatParameters(count: number): string {
  for (const [unit, size] of [
    ['B', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ] as const) {
    // 999 950 and above would print as 1000.0K.
    if (count < size * 0.99995) continue;
    const scaled = count / size;
    return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, '') : scaled.toFixed(0)}${unit}`;
  }
  return String(count);
}

/** Formats a whole number with separators: `12,334`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Formats seconds as `12.5 s`, `3.2 min` or `1.7 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** Formats with three significant digits: `24.0`, `0.512`, `1,230`. */
function formatRate(rate: number): string {
  return rate >= 100 ? formatCount(Math.round(rate)) : rate.toPrecision(3);
}

/** Formats a value as its column requires. */
export function formatValue(value: TableValue, format: Column['format']): string {
  if (value === null) return NO_VALUE;
  if (typeof value === 'string') return value;
  switch (format) {
    case 'score':
      return formatScore(value);
    case 'difference':
    case 'verdict':
      return formatDifference(value);
    case 'parameters':
      return formatParameters(value);
    case 'count':
      return formatCount(value);
    case 'rate':
      return formatRate(value);
    case 'duration':
      return formatDuration(value);
    case 'probability':
      return formatProbability(value);
    case 'text':
      return String(value);
  }
}
