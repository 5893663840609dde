import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../src/core/model.js';
import {
  emptyRanges,
  firstDimensions,
  int8Codes,
  int8Values,
  signs,
  widenRanges,
  type Ranges,
} from '../../src/search/quantization.js';
import { golden } from '../helpers/goldens.js';

/** What tools/goldens/embeddings/quantization.py computed. */
interface QuantizationGolden {
  readonly documents: number[][];
  readonly queries: number[][];
  readonly int8: { readonly documents: number[][]; readonly queries: number[][] };
  readonly bits: { readonly documents: number[][]; readonly queries: number[][] };
  readonly firstFour: number[][];
}
const expected = golden(import.meta.url, 'quantization.json') as QuantizationGolden;

const matrix = (rows: number[][]): Matrix => ({
  ...{ rows: rows.length, columns: rows[0]!.length, data: Float32Array.from(rows.flat()) },
});
const rowsOf = ({ rows, columns, data }: Matrix): number[][] =>
  Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]);

function rangesOf(...parts: Matrix[]): Ranges {
  const ranges = emptyRanges(parts[0]!.columns);
  for (const part of parts) widenRanges(ranges, part);
  return ranges;
}

describe('against sentence-transformers', () => {
  const [documents, queries] = [matrix(expected.documents), matrix(expected.queries)];

  it('int8 codes are the same, also of values beyond the ranges and of a dimension without any', () => {
    const ranges = rangesOf(matrix(expected.documents.slice(0, 5)), matrix(expected.documents.slice(5)));
    expect(rowsOf(int8Codes(documents, ranges))).toEqual(expected.int8.documents);
    expect(rowsOf(int8Codes(queries, ranges))).toEqual(expected.int8.queries);
  });

  it('bits are the same', () => {
    const bits = (vectors: Matrix): number[][] =>
      rowsOf(signs(vectors)).map((row) => row.map((sign) => (sign + 1) / 2));
    expect(bits(documents)).toEqual(expected.bits.documents);
    expect(bits(queries)).toEqual(expected.bits.queries);
  });

  it('the first dimensions are the same', () => {
    expect(firstDimensions(documents, 4, false)).toEqual(matrix(expected.firstFour));
  });

  it('codes stand for values less than a step below the true ones', () => {
    const ranges = rangesOf(documents);
    const values = int8Values(int8Codes(documents, ranges), ranges);
    values.data.forEach((value, at) => {
      const i = at % documents.columns;
      const step = (ranges.largest[i]! - ranges.least[i]!) / 255 || 1;
      expect(documents.data[at]! - value).toBeGreaterThan(-1e-5);
      expect(documents.data[at]! - value).toBeLessThan(step * 1.001);
    });
  });
});

it('cut vectors have length 1 again if they had it, and a vector of zeros stays one', () => {
  const cut = firstDimensions(
    matrix([
      [3, 4, 12],
      [0, 0, 1],
    ]),
    2,
    true,
  );
  expect(rowsOf(cut)[0]!.map((value) => value.toFixed(6))).toEqual(['0.600000', '0.800000']);
  expect(rowsOf(cut)[1]).toEqual([0, 0]);
});
