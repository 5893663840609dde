import { median, totalOf, type Measured } from './compare.js';

/**
 * What share of its time a contender would need if it did nothing but its floating-point operations, at the rate of one
 * big matrix product measured in the same rounds; by the clock, and by processor time, which other programs on the machine
 * disturb less.
 */
export function floorShare(
  contender: Measured,
  operations: number,
  roofline: Measured,
  rooflineOperations: number,
): string {
  const work = operations / rooflineOperations;
  const byClock = (work * median(roofline.samples.map(totalOf))) / median(contender.samples.map(totalOf));
  const cpuOf = ({ samples }: Measured): number => median(samples.map(({ cpu }) => cpu ?? NaN));
  const byCpu = (work * cpuOf(roofline)) / cpuOf(contender);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  return (
    `${contender.name}: ${(operations / 1e12).toFixed(2)} T floating-point operations, attention included: ` +
    `${percent(byClock)} of the floor by the clock, ${percent(byCpu)} by processor time`
  );
}

/** How many times as fast the first is, by the clock and by processor time. */
export function speedOver(first: Measured, other: Measured): string {
  const ratio = (of: (measured: Measured) => number): string => (of(other) / of(first)).toFixed(2);
  const byClock = ratio(({ samples }) => median(samples.map(totalOf)));
  const byCpu = ratio(({ samples }) => median(samples.map(({ cpu }) => cpu ?? NaN)));
  return `${first.name} has ${byClock} times the speed of ${other.name} by the clock, ${byCpu} by processor time`;
}
