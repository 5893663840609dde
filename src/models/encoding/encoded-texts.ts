import { InputError } from '../../core/errors.js';
import type { InputCounts } from '../../core/health.js';
import type { EmbeddingView, Matrix, Role } from '../../core/model.js';
import { excerpt } from '../../core/text.js';
import type { TextIds } from './text-ids.js';
import { zeroMatrices } from './views.js';

/** Collects the vectors of texts, one matrix per view, and counts the texts that the model does not read as a whole. */
export class EncodedTexts {
  readonly matrices: Matrix[];
  readonly #texts: readonly string[];
  readonly #role: Role;
  readonly #views: readonly EmbeddingView[];
  #empty = 0;
  #truncated = 0;

  constructor(views: readonly EmbeddingView[], texts: readonly string[], role: Role) {
    this.matrices = zeroMatrices(views, texts.length);
    this.#texts = texts;
    this.#role = role;
    this.#views = views;
  }

  get counts(): InputCounts {
    return { empty: this.#empty, truncated: this.#truncated };
  }

  /** Counts a text. */
  count({ empty, truncated }: TextIds): void {
    if (empty) this.#empty++;
    if (truncated) this.#truncated++;
  }

  /**
   * Stores the vectors of a text.
   * @param outputs one vector per view
   * @throws InputError for a value that is not finite
   */
  set(row: number, outputs: readonly Float32Array[]): void {
    this.matrices.forEach(({ data, columns }, view) => {
      const vector = outputs[view]!;
      const bad = vector.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0)
        throw new InputError(
          `the model's ${this.#views[view]!.name} vector of the ${this.#role} "${excerpt(this.#texts[row]!)}" has the ` +
            `value ${vector[bad]!} in dimension ${bad}; its weights are damaged, or its numbers exceed their format`,
        );
      data.set(vector, row * columns);
    });
  }
}
