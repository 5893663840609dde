/** Element types, named as in safetensors. */
export type TensorType =
  'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U64' | 'U32' | 'U16' | 'U8' | 'BOOL';

/** Bytes per element of each type. */
export const bytesPerElement: Readonly<Record<TensorType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

/** Most tensors in one file; the largest models have tens of thousands. */
export const maxTensors = 100_000;

/** A tensor and the location of its bytes, which are little-endian, row-major and contiguous. */
export interface TensorSource {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Absolute path, symbolic links resolved. */
  readonly file: string;
  /** Offset of the first byte in the file. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

export type TensorTable = ReadonlyMap<string, TensorSource>;

/** Number of elements. */
export function elements(tensor: Pick<TensorSource, 'shape'>): number {
  return tensor.shape.reduce((product, size) => product * size, 1);
}
