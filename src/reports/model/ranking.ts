import { scoreDecimals } from '../../results/score-format.js';
import type { ReportSystem } from './model.js';
import { isBound } from './order.js';

/**
 * Marks the best and second best value at the precision shown; values that print alike share the place. The oracle, which
 * knows the judgements, takes no part.
 */
export function rankedCells<T extends { readonly value: number }>(
  cells: readonly (T | null)[],
  systems: readonly ReportSystem[],
): ((T & { best: boolean; second: boolean }) | null)[] {
  const shown = cells.map((cell, i) =>
    cell === null || isBound(systems[i]!.runner) ? null : Number(cell.value.toFixed(scoreDecimals)),
  );
  const places = [...new Set(shown.filter((value) => value !== null))].sort((a, b) => b - a);
  return cells.map((cell, i) => {
    if (cell === null) return null;
    const place = shown[i] === null ? -1 : places.indexOf(shown[i]!);
    return { ...cell, best: place === 0, second: place === 1 };
  });
}
