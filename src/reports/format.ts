/** Decimal places of scores in every table; ties are told at this precision. */
export const SCORE_DECIMALS = 4;

/** A score as tables show it: `0.3254`. */
export function formatScore(value: number): string {
  return value.toFixed(SCORE_DECIMALS);
}

/** A difference with its sign: `+0.0012`, `-0.0100`, `0.0000`. */
export function formatDifference(value: number): string {
  const text = value.toFixed(SCORE_DECIMALS);
  if (Number(text) === 0) return (0).toFixed(SCORE_DECIMALS);
  return value > 0 ? `+${text}` : text;
}

/** A number of parameters: `950K`, `1.2M`, `125M`, `5.8B`. */
export function formatParameters(count: number): string {
  for (const [unit, size] of [['B', 1e9], ['M', 1e6], ['K', 1e3]] as const) {
    // 999 950 and up would print as 1000.0K.
    if (count < size * 0.99995) continue;
    const scaled = count / size;
    return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, '') : scaled.toFixed(0)}${unit}`;
  }
  return String(count);
}

/** Whole numbers with thin groups: `12,334`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
