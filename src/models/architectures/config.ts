import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { activations } from '../onnx/activations.js';
import { elements, type TensorTable } from '../checkpoint/tensors.js';

/** Pieces that the configurations of several architectures have in common. */
export const positive = z.int().positive();
export const epsilon = z.number().positive();
export const activation = z.enum(activations);

/** Where a configuration was read from, and the tensors that go with it. */
export interface ModelFiles {
  readonly configPath: string;
  readonly tensors: TensorTable;
}

/** What a configuration says of attention heads. */
export interface HeadFields {
  /** The hidden size. */
  readonly size: number;
  readonly heads: number;
  /** The configuration's name for `heads`. */
  readonly field: string;
  /** Where it says the size of a head; else the heads share the hidden size. */
  readonly headSize?: number | null | undefined;
}

/**
 * The size of an attention head.
 * @throws InputError where the heads do not share the hidden size evenly, or are larger than any tensor: tables of that
 * size are made before a tensor is asked for
 */
export function headSizeOf({ configPath, tensors }: ModelFiles, { size, heads, field, ...given }: HeadFields): number {
  const headSize = given.headSize ?? size / heads;
  if (!Number.isInteger(headSize))
    throw new InputError(`${configPath}: field "${field}": ${heads} does not divide the hidden size ${size}`);
  let largest = 0;
  for (const tensor of tensors.values()) largest = Math.max(largest, elements(tensor));
  if (headSize > largest)
    throw new InputError(
      `${configPath}: asks for attention heads of ${headSize} dimensions, but the largest tensor has ${largest} elements; the configuration of another model?`,
    );
  return headSize;
}

/** Whether the checkpoint has a tensor under one of the prefixes. */
export function hasTensor({ tensors }: ModelFiles, prefixes: readonly string[], name: string): boolean {
  return prefixes.some((prefix) => tensors.has(prefix + name));
}

/** 1/√headSize: what attention scores are usually multiplied by. */
export function usualScale(headSize: number): number {
  return 1 / Math.sqrt(headSize);
}
