import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { activations } from '../onnx/activations.js';
import type { TensorTable } from '../checkpoint/tensors.js';

/** Pieces that the configurations of several architectures have in common. */
export const positive = z.int().positive();
export const epsilon = z.number().positive();
export const activation = z.enum(activations);

/** Where a configuration was read from, and the tensors that go with it. */
export interface ModelFiles {
  readonly configPath: string;
  readonly tensors: TensorTable;
}

/** @throws InputError where the heads do not share the hidden size evenly; `field` is the configuration's name for them */
export function headSizeOf({ configPath }: ModelFiles, size: number, heads: number, field: string): number {
  const headSize = size / heads;
  if (!Number.isInteger(headSize))
    throw new InputError(`${configPath}: field "${field}": ${heads} does not divide the hidden size ${size}`);
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
