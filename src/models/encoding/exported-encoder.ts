import { InputError, throwIfInterrupted } from '../../core/errors.js';
import type { Encoder, Matrix, Role, WorkOptions } from '../../core/model.js';
import { modelInfo } from '../checkpoint/checkpoint.js';
import { openTokenizer } from '../checkpoint/tokenizer.js';
import { exportPoolingGraph } from '../graphs/export-pooling-graph.js';
import type { EncoderView } from '../graphs/view-outputs.js';
import { readSentenceTransformer } from '../pooling/sentence-transformers.js';
import { openInProcess, type InProcessSession } from '../runtime/in-process.js';
import { EncodedTexts } from './encoded-texts.js';
import { loadExported, type ExportedFolder, type ExportedModel } from './exported-model.js';
import type { EncoderRequest } from './options.js';
import { prepareTexts, type Marks, type TextPreparation } from './text-preparation.js';
import { exportedViews } from './views.js';

/**
 * Opens a model exported to ONNX for transformers.js, which computes its last hidden state. That is pooled by the same
 * graph nodes as for a checkpoint, with the requested poolings or those of modules.json. Each text is run alone, so
 * that its vector does not depend on others.
 * @throws InputError for options that an export does not support, or an unusable export
 */
export async function openExportedEncoder(
  exported: ExportedFolder,
  request: EncoderRequest,
  marks: Marks,
): Promise<Encoder> {
  const { id } = exported.checkpoint;
  refuseUnsupported(id, request);
  const { dtype, threads } = request;
  const tokenizer = await openTokenizer(exported.checkpoint.folder);
  const sentence = await readSentenceTransformer(exported.checkpoint);
  const checkpoint = sentence?.checkpoint ?? exported.checkpoint;
  const preparation = prepareTexts({ checkpoint, tokenizer, positions: exported.positions, sentence }, marks, request);
  const model = await loadExported(checkpoint, { dtype, threads });
  try {
    const { columns: size } = await model.run(preparation.ids('a', 'query').ids);
    const views = exportedViews(request, { id, sentence }, size);
    const info = await modelInfo(checkpoint, [model.file, ...tokenizer.files], () => false, dtype);
    const pooling = await openInProcess(exportPoolingGraph(checkpoint, views, { size, skipsPrompt: false }));
    return {
      model: { ...info, parameters: null },
      settings: { ...preparation.settings, runtime: 'transformers.js' },
      views,
      similarity: sentence?.similarity ?? null,
      encode: (texts, role, work) => encode({ model, pooling, preparation, views }, texts, role, work),
      async close() {
        await pooling.close();
        await model.close();
      },
    };
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** @throws InputError for options that need a model's weights */
function refuseUnsupported(id: string, { layer, device, attention }: EncoderRequest): void {
  if (device !== 'cpu')
    throw new InputError(
      `${id}: a model exported for transformers.js runs on the processor only; leave --device ${device} out`,
    );
  if (attention !== null)
    throw new InputError(
      `${id}: the attention of a model exported for transformers.js is fixed; leave --attention ${attention} out`,
    );
  if (layer.length > 0)
    throw new InputError(
      `${id}: a model exported for transformers.js has only its last hidden state; leave --layer out`,
    );
}

/** The parts of an opened export. */
interface ExportedParts {
  readonly model: ExportedModel;
  readonly pooling: InProcessSession;
  readonly preparation: TextPreparation;
  readonly views: readonly EncoderView[];
}

async function encode(
  { model, pooling, preparation, views }: ExportedParts,
  texts: readonly string[],
  role: Role,
  { signal, onProgress, onCounts }: WorkOptions = {},
): Promise<Matrix[]> {
  const encoded = new EncodedTexts(views, texts, role);
  for (const [row, text] of texts.entries()) {
    throwIfInterrupted(signal);
    const prepared = preparation.ids(text, role);
    encoded.count(prepared);
    if (prepared.ids.length > 0) encoded.set(row, await pooling.run({ hidden: await model.run(prepared.ids) }));
    onProgress?.(1);
  }
  onCounts?.(encoded.counts);
  return encoded.matrices;
}
