import type { ResultRecord } from '../results/record.js';
import type { PublishedRow } from '../results/published.js';
import type { Comparison, PublishedScore } from './model.js';

/** Differences that pass as equal (rounding in print, float32) and as near (other tie order, tokenizer version). */
const EQUAL_TOLERANCE = 0.001;
const NEAR_TOLERANCE = 0.01;
/** How far parameter counts may be apart: papers round them, and count tied or padded weights differently. */
const SIZE_TOLERANCE = 0.05;

/** The published scores that are of the record's own system, with the difference. */
export function compareWithPublished(record: ResultRecord, published: readonly PublishedScore[]): Comparison[] {
  const value = record.measures[record.mainMeasure];
  if (value === undefined) return [];
  return published
    .filter(({ row }) => isSameSystem(record, row))
    .map(({ row, score }) => {
      const difference = value - score;
      return { row, score, difference, verdict: verdictOf(difference) };
    });
}

/** Whether a difference passes as equal or near. */
export function verdictOf(difference: number): Comparison['verdict'] {
  // Half a unit of the fourth place more: 0.3218 against 0.3228 is 0.001 apart as printed.
  const distance = Math.abs(difference) - 0.00005;
  if (distance <= EQUAL_TOLERANCE) return 'equal';
  return distance <= NEAR_TOLERANCE ? 'near' : 'off';
}

/** BM25 by its variant; models by the name in the published system; GPT cross-encoders, named by size, by size. */
function isSameSystem({ system, profile }: ResultRecord, row: PublishedRow): boolean {
  if (system.runner !== row.method) return false;
  if (row.method === 'bm25') {
    const variant = system.settings['bm25'];
    return (
      row.profile === variant ||
      (variant === 'elasticsearch' && row.profile === 'sgpt-paper' && profile === 'sgpt-paper')
    );
  }
  if (system.model === null) return false;
  const name = system.model.id.split('/').at(-1)!.toLowerCase();
  if (name.length > 3 && row.system.toLowerCase().includes(name)) return true;
  if (row.method !== 'cross-encoder' || row.parameters === null || !system.model.architecture.startsWith('gpt'))
    return false;
  const promptG = String(system.settings['prompt'] ?? '').toUpperCase() === 'G';
  const { parameters } = system.model;
  return promptG && parameters !== null && Math.abs(parameters / row.parameters - 1) <= SIZE_TOLERANCE;
}
