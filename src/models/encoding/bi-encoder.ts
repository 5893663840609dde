import type { Encoder } from '../../core/model.js';
import { locateModel } from '../hub/index.js';
import { batchBudget } from '../loading/start-model.js';
import { openCheckpointEncoder } from './checkpoint-encoder.js';
import { openExportedEncoder } from './exported-encoder.js';
import { readExported } from './exported-model.js';
import type { BiEncoderOptions } from './options.js';
import { parseMarks } from './text-preparation.js';

export type { BiEncoderOptions } from './options.js';
export { textIds, tokenLimit } from './text-preparation.js';

/**
 * Opens a bi-encoder. A text is stripped, tokenised, cut on the right so that it fits with what is put around it (its
 * brackets, or without brackets the model's own special tokens), and run without padding and blind to others: its vector
 * does not depend on its neighbours. A text without any token (an empty one with nothing around it) has the zero vector,
 * whose cosine with anything counts as 0.
 * @throws InputError for a model or an option that is not possible
 */
export async function createBiEncoder(options: BiEncoderOptions): Promise<Encoder> {
  // What is wrong without a model is found before one is downloaded.
  batchBudget(options);
  const marks = parseMarks(options);
  const source = await locateModel(options.model, { progress: options.progress });
  const exported = await readExported(source);
  return exported === null
    ? openCheckpointEncoder(source, options, marks)
    : openExportedEncoder(exported, options, marks);
}
