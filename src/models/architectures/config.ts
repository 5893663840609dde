import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { activations } from '../onnx/activations.js';
import { elements, type TensorTable } from '../checkpoint/tensors.js';
import type { AttentionKind } from './decoder-attention.js';

/** Schemas of fields that occur in several configurations. */
export const positive = z.int().positive().max(1e9, 'no model has a size or count above 1,000,000,000');
export const epsilon = z.number().positive();
export const activation = z.enum(activations);

/** The path of a configuration, and the tensors of its checkpoint. */
export interface ModelFiles {
  readonly configPath: string;
  readonly tensors: TensorTable;
  /** Which tokens a token sees (model-class.ts). */
  readonly attention: AttentionKind;
}

/** A configuration's values about attention heads. */
export interface HeadFields {
  /** The hidden size. */
  readonly size: number;
  readonly heads: number;
  /** Name of the configuration field that `heads` comes from. */
  readonly field: string;
  /** Size of a head, if the configuration gives one. Default: the hidden size divided by `heads`. */
  readonly headSize?: number | null | undefined;
}

/**
 * The size of an attention head.
 * @throws InputError if the number of heads does not divide the hidden size, or a head is larger than any tensor:
 * tables of that size are created before any tensor is checked
 */
export function headSizeOf(
  { configPath, tensors }: Pick<ModelFiles, 'configPath' | 'tensors'>,
  { size, heads, field, ...given }: HeadFields,
): number {
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

/** True if the checkpoint has the tensor, with any of the prefixes. */
export function hasTensor({ tensors }: ModelFiles, prefixes: readonly string[], name: string): boolean {
  return prefixes.some((prefix) => tensors.has(prefix + name));
}

/** 1/√headSize, the usual factor on attention scores. */
export function attentionScale(headSize: number): number {
  return 1 / Math.sqrt(headSize);
}
