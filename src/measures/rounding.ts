/**
 * Python's `round(value, digits)`: rounds the exact value of the double to the nearest decimal, and ties to the even digit
 * (1/64 to 5 digits is 0.01562).
 *
 * `toFixed` is exact too, but rounds ties away from zero. A double is a tie between two decimals of d digits if and only if
 * its product with 2^(d+1) is an odd whole number.
 * @param digits decimal places, 0 or more
 */
export function roundHalfEven(value: number, digits: number): number {
  const magnitude = Math.abs(value);
  // Doubles from 2^52 on are whole numbers; infinities and NaN stay the same.
  if (!(magnitude < 2 ** 52)) return value;
  const text = magnitude.toFixed(digits);
  const scaled = magnitude * 2 ** (digits + 1);
  const lastDigit = text.charCodeAt(text.length - 1) - 0x30;
  const isTie = Number.isInteger(scaled) && scaled % 2 === 1;
  const rounded = Number(isTie && lastDigit % 2 === 1 ? text.slice(0, -1) + String(lastDigit - 1) : text);
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}
