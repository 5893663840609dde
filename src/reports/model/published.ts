import { defaultTolerance } from '../../results/check/limits.js';
import { isPublishedSystem } from '../../results/check/published-check.js';
import { reportedSplit } from '../../suites/index.js';
import { PUBLISHED_MEASURE, publishedScores } from '../../suites/published/index.js';
import type { ResultRecord } from '../../results/record.js';
import type { Comparison, PublishedScore, RowKey } from './model.js';

/** Differences that pass as equal: rounding in print, float32. Up to {@link defaultTolerance} they are near. */
export const EQUAL_TOLERANCE = 0.001;
export const NEAR_TOLERANCE = defaultTolerance;

/** The published scores of a row's task; none for a part of its queries, another split or another measure. */
export function publishedOf({ task, split, queryLimit, measure }: RowKey): PublishedScore[] {
  const whole = queryLimit === null && split === reportedSplit(task) && measure === PUBLISHED_MEASURE;
  return whole ? publishedScores(task) : [];
}

/** The published scores that are of the record's own system, made as it was, with the difference. */
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

/** Whether a difference passes as equal or near. */
export function verdictOf(difference: number): Comparison['verdict'] {
  // Published scores end at four places or less: a difference is not held finer than floating point has it.
  const distance = Math.abs(difference) - 1e-9;
  if (distance <= EQUAL_TOLERANCE) return 'equal';
  return distance <= NEAR_TOLERANCE ? 'near' : 'off';
}
