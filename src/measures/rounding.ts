/**
 * Python's `round(value, digits)`: to the nearest decimal, judged on the exact value of the double, and to the even one
 * where two are equally near (1/64 to 5 digits is 0.01562).
 *
 * `toFixed` is exact too but goes away from zero on such a tie. A double lies halfway between two decimals of d digits
 * just when its product with 2^(d+1) is an odd whole number.
 * @param digits decimal places, 0 or more
 */
export function roundHalfEven(value: number, digits: number): number {
  const magnitude = Math.abs(value);
  // Doubles from 2^52 on are whole numbers; infinities and NaN stay what they are.
  if (!(magnitude < 2 ** 52)) return value;
  const text = magnitude.toFixed(digits);
  const scaled = magnitude * 2 ** (digits + 1);
  const lastDigit = text.charCodeAt(text.length - 1) - 0x30;
  const isTie = Number.isInteger(scaled) && scaled % 2 === 1;
  const rounded = Number(isTie && lastDigit % 2 === 1 ? text.slice(0, -1) + String(lastDigit - 1) : text);
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}
