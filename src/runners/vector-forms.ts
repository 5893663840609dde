import { InputError } from '../core/errors.js';
import type { EmbeddingView } from '../core/model.js';
import type { Settings } from '../core/setting.js';
import type { Precision, Similarity, StoreDtype } from '../core/system-fields.js';
import { withoutOmitted, type SystemSpec } from '../core/system-spec.js';

/** A form in which the vectors of a view are searched. All forms are made from the same stored vectors. */
export interface VectorForm {
  /** Number of first dimensions that are kept; null for all. */
  readonly dimensions: number | null;
  readonly precision: Precision;
  /** Quantized vectors find this many times the wanted documents, which float32 queries put in order; null for no such step. */
  readonly rescore: number | null;
}

export type FormFields = Pick<SystemSpec, 'dimensions' | 'precision' | 'rescore'>;

/** The vectors as they are. */
export const wholeForm: VectorForm = { dimensions: null, precision: 'float32', rescore: null };

/**
 * The requested forms of a view: every number of dimensions in every precision.
 * @throws InputError for more dimensions than the view has
 */
export function formsOf({ dimensions, precision, rescore }: FormFields, view: EmbeddingView): VectorForm[] {
  const sizes = dimensions.length === 0 ? [null] : dimensions.map((size) => (size === view.dimensions ? null : size));
  const large = sizes.find((size) => size !== null && size > view.dimensions);
  if (large != null)
    throw new InputError(
      `--dimensions ${large}: the vectors of ${view.name} have ${view.dimensions} dimensions; expected at most as many`,
    );
  return sizes.flatMap((size) =>
    precision.map((kind) => ({
      ...{ dimensions: size, precision: kind, rescore: kind === 'float32' ? null : rescore },
    })),
  );
}

/** The form's part of a system's name; "" for the vectors as they are. */
export function formName({ dimensions, precision, rescore }: VectorForm): string {
  const parts = [
    dimensions === null ? '' : ` ${dimensions}d`,
    precision === 'float32' ? '' : ` ${precision}`,
    rescore === null ? '' : ` rescored ${rescore}x`,
  ];
  return parts.join('');
}

/** The form's settings, and the similarity with it: quantized to bits, vectors are compared by their Hamming distance. */
export function formSettings({ dimensions, precision, rescore }: VectorForm, similarity: Similarity): Settings {
  return {
    similarity: precision === 'binary' ? 'hamming' : similarity,
    ...withoutOmitted({ dimensions, precision, rescore }),
  };
}

/** Bytes of a document's vector in the form. @param dtype of float32 vectors in the store */
export function bytesPerVector({ dimensions, precision }: VectorForm, view: EmbeddingView, dtype: StoreDtype): number {
  const size = dimensions ?? view.dimensions;
  if (precision === 'binary') return Math.ceil(size / 8);
  if (precision === 'int8') return size;
  return size * (dtype === 'float16' ? 2 : 4);
}
