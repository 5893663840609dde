import { scoreDecimals } from '../../results/score-format.js';
import type { ReportSystem } from './model.js';
import { isBound } from './order.js';

/**
 * Marks the best and second-best value at the shown precision; ties share a rank. The oracle, which knows the judgements,
 * is not ranked.
 */
export function rankedCells<T extends { readonly value: number }>(
  cells: readonly (T | null)[],
  systems: readonly ReportSystem[],
): ((T & { best: boolean; second: boolean }) | null)[] {
  const shown = cells.map((cell, i) =>
    cell === null || isBound(systems[i]!.runner) ? null : Number(cell.value.toFixed(scoreDecimals)),
  );
  const ranks = [...new Set(shown.filter((value) => value !== null))].sort((a, b) => b - a);
  return cells.map((cell, i) => {
    if (cell === null) return null;
    const rank = shown[i] === null ? -1 : ranks.indexOf(shown[i]!);
    return { ...cell, best: rank === 0, second: rank === 1 };
  });
}
