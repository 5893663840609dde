import type { Encoder } from '../../core/model.js';
import { locateModel } from '../hub/index.js';
import { tokensPerBatch } from '../loading/start-model.js';
import { openCheckpointEncoder } from './checkpoint-encoder.js';
import { openExportedEncoder } from './exported-encoder.js';
import { readExported } from './exported-model.js';
import { encoderRequest, type BiEncoderOptions } from './options.js';
import { parseMarks } from './text-preparation.js';

export type { BiEncoderOptions } from './options.js';

/**
 * Opens a bi-encoder. A text is stripped, tokenised and truncated on the right, to fit together with its brackets or,
 * without brackets, with the model's special tokens. It is run without padding and does not see other texts, so its
 * vector does not depend on them. A text without any token (an empty text without brackets or special tokens) has the
 * zero vector, whose cosine with any vector counts as 0.
 * @throws InputError for an invalid model or option
 */
export async function createBiEncoder(options: BiEncoderOptions): Promise<Encoder> {
  // Options that are invalid for every model are refused before a download.
  const request = encoderRequest(options);
  tokensPerBatch(request);
  const marks = parseMarks(request);
  const source = await locateModel(options.model, { progress: options.progress });
  const exported = await readExported(source);
  return exported === null
    ? openCheckpointEncoder(source, request, marks)
    : openExportedEncoder(exported, request, marks);
}
