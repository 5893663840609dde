import type { Matrix } from '../core/model.js';

/** The least and the largest value of each dimension, as float32. */
export interface Ranges {
  readonly least: Float32Array;
  readonly largest: Float32Array;
}

/** The ranges of no vector, for {@link widenRanges}. */
export function emptyRanges(dimensions: number): Ranges {
  return { least: new Float32Array(dimensions).fill(Infinity), largest: new Float32Array(dimensions).fill(-Infinity) };
}

/** Widens the ranges in place, so that they hold all rows. */
export function widenRanges({ least, largest }: Ranges, { rows, columns, data }: Matrix): void {
  for (let at = 0, row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++, at++) {
      const value = data[at]!;
      if (value < least[i]!) least[i] = value;
      if (value > largest[i]!) largest[i] = value;
    }
}

/** The width of one of 255 steps in each dimension; 1 where all values are equal. */
function stepsOf({ least, largest }: Ranges): Float32Array {
  return least.map((low, i) => Math.fround(Math.fround(largest[i]! - low) / 255) || 1);
}

/**
 * Codes from -128 to 127 as sentence-transformers' `quantize_embeddings` makes them (precision int8): the number of the step
 * of the dimension's range that holds the value, from 0 to 255, minus 128; values beyond the range count as at its end. All
 * steps of the computation are rounded to float32, as there.
 */
export function int8Codes({ rows, columns, data }: Matrix, ranges: Ranges): Matrix {
  const steps = stepsOf(ranges);
  const codes = new Float32Array(rows * columns);
  for (let at = 0, row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++, at++) {
      const step = Math.floor(Math.fround(Math.fround(data[at]! - ranges.least[i]!) / steps[i]!));
      codes[at] = Math.min(255, Math.max(0, step)) - 128;
    }
  return { rows, columns, data: codes };
}

/** The values that int8 codes stand for: the beginning of their step, as sentence-transformers restores them. */
export function int8Values({ rows, columns, data }: Matrix, ranges: Ranges): Matrix {
  const steps = stepsOf(ranges);
  const values = new Float32Array(rows * columns);
  for (let at = 0, row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++, at++) values[at] = (data[at]! + 128) * steps[i]! + ranges.least[i]!;
  return { rows, columns, data: values };
}

/**
 * 1 for each value above 0, else -1. The inner product of two such vectors of d dimensions is d minus twice the Hamming
 * distance of their bits, so it ranks as that does, and exactly: whole numbers of this size have no rounding.
 */
export function signs({ rows, columns, data }: Matrix): Matrix {
  return { rows, columns, data: data.subarray(0, rows * columns).map((value) => (value > 0 ? 1 : -1)) };
}

/** The first dimensions of each vector. @param normalized true to scale the result to length 1 (at least 1e-12) */
export function firstDimensions({ rows, columns, data }: Matrix, dimensions: number, normalized: boolean): Matrix {
  const cut = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++) {
    const vector = cut.subarray(row * dimensions, (row + 1) * dimensions);
    vector.set(data.subarray(row * columns, row * columns + dimensions));
    if (!normalized) continue;
    const length = Math.max(1e-12, Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)));
    for (let i = 0; i < dimensions; i++) vector[i]! /= length;
  }
  return { rows, columns: dimensions, data: cut };
}
