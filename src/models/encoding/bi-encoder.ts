import { UnsupportedModelError } from '../../core/errors.js';
import type { Encoder } from '../../core/model.js';
import { supportedArchitectures } from '../architectures/index.js';
import { hasWeights } from '../checkpoint/checkpoint.js';
import { locateModel } from '../hub/index.js';
import { tokensPerBatch } from '../loading/start-model.js';
import { openCheckpointEncoder } from './checkpoint-encoder.js';
import { openExportedEncoder } from './exported-encoder.js';
import { exportsIn, readExported } from './exported-model.js';
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
  const { onnxFile, progress } = request;
  const isSupported = (modelType: string): boolean => supportedArchitectures.includes(modelType);
  const source = await locateModel(options.model, { progress, onnxFile, isSupported });
  const openExport = async (): Promise<Encoder> =>
    openExportedEncoder(await readExported(source, request), request, marks);
  const exports = await exportsIn(source.folder);
  if (onnxFile !== null || (exports.length > 0 && !(await hasWeights(source.folder)))) return openExport();
  try {
    return await openCheckpointEncoder(source, request, marks);
  } catch (error) {
    if (!(error instanceof UnsupportedModelError)) throw error;
    if (exports.length === 0) throw withNearestWay(error, source.id);
    progress?.note(`${source.id}: ${error.message}; its ONNX export is used instead`);
    return openExport();
  }
}

/** The error, with the ways in which such a model can be evaluated nevertheless. */
function withNearestWay({ message }: UnsupportedModelError, id: string): UnsupportedModelError {
  return new UnsupportedModelError(
    `${message}; export it (optimum-cli export onnx --model ${id} --task feature-extraction FOLDER) and give FOLDER as the ` +
      'model, or serve it and give --model openai:NAME --endpoint URL',
  );
}
