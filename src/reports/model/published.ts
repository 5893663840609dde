import { defaultTolerance } from '../../results/check/limits.js';
import { isPublishedSystem } from '../../results/check/published-check.js';
import { reportedSplit } from '../../suites/index.js';
import { PUBLISHED_MEASURE, publishedScores } from '../../suites/published/index.js';
import type { ResultRecord } from '../../results/record.js';
import type { Comparison, PublishedScore, RowKey } from './model.js';

/** Larger differences are not `equal`: this allows for rounding in print and float32. */
export const EQUAL_TOLERANCE = 0.001;
export const NEAR_TOLERANCE = defaultTolerance;

/** The published scores of a row's task; empty for a limited task, another split or another measure. */
export function publishedOf({ task, split, queryLimit, measure }: RowKey): PublishedScore[] {
  const whole = queryLimit === null && split === reportedSplit(task) && measure === PUBLISHED_MEASURE;
  return whole ? publishedScores(task) : [];
}

/** The published scores of the record's own system and conventions, with the differences. */
export function compareWithPublished(record: ResultRecord, published: readonly PublishedScore[]): Comparison[] {
  const value = record.measures[record.mainMeasure];
  if (value === undefined) return [];
  return published
    .filter(({ row }) => isPublishedSystem(record, row))
    .map(({ row, score }) => {
      const difference = value - score;
      return { row, score, difference, verdict: verdictOf(difference) };
    });
}

/** The verdict on a difference. */
export function verdictOf(difference: number): Comparison['verdict'] {
  // Published scores have at most four decimals; 1e-9 allows for floating-point errors of the difference.
  const distance = Math.abs(difference) - 1e-9;
  if (distance <= EQUAL_TOLERANCE) return 'equal';
  return distance <= NEAR_TOLERANCE ? 'near' : 'off';
}
