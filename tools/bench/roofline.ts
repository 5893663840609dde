import { inTurn, median, totalOf, type Comparison } from './harness/compare.js';
import { startOwn } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';

/** Rows and columns of the matrices that are multiplied. */
export const rooflineSize = 4096;
/** Multiplications and additions of their product. */
export const rooflineOperations = 2 * rooflineSize ** 3;

/** A rate that model jobs are held against, and how it was measured. */
export interface Roofline {
  /** Floating-point operations a second. */
  readonly rate: number;
  readonly comparison: Comparison;
}

/** The rate of one big float32 matrix product across all cores: no model can be faster than its operations at this rate. */
export async function measureRoofline({ threads, rounds }: Pick<JobOptions, 'threads' | 'rounds'>): Promise<Roofline> {
  const contender = await startOwn('one matrix product', 'roofline', { threads, size: rooflineSize });
  if ('reason' in contender) throw new Error(contender.reason);
  const measured = await inTurn([contender], Math.max(5, rounds));
  await contender.close();
  const seconds = median(measured[0]!.samples.map(totalOf));
  const comparison = {
    title: 'Roofline',
    input: `the product of two float32 matrices of ${rooflineSize} x ${rooflineSize}`,
    work: { amount: rooflineOperations, unit: 'FLOP' },
    measured,
    absent: [],
    findings: [],
  };
  return { rate: rooflineOperations / seconds, comparison };
}

export async function benchRoofline(options: JobOptions): Promise<Comparison[]> {
  return [(await measureRoofline(options)).comparison];
}
