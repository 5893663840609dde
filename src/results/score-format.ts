/** Decimals of printed scores; scores that are equal at this precision are ties. */
export const scoreDecimals = 4;

/** Formats a score: `0.3254`. */
export function formatScore(score: number): string {
  return score.toFixed(scoreDecimals);
}

/** Formats a difference of scores with its sign: `+0.0012`, `-0.0100`, `0.0000`. */
export function formatDifference(difference: number): string {
  const text = formatScore(difference);
  if (Number(text) === 0) return formatScore(0);
  return difference > 0 ? `+${text}` : text;
}

/** Formats a p-value: `0.0123`, or `<0.0001`. */
export function formatProbability(p: number): string {
  return p < 0.0001 ? '<0.0001' : p.toFixed(4);
}
