import { InputError, throwIfInterrupted } from '../../core/errors.js';
import type { EmbeddingView, Encoder, Matrix, Role, WorkOptions } from '../../core/model.js';
import { modelInfo, type Checkpoint } from '../checkpoint/checkpoint.js';
import { openTokenizer } from '../checkpoint/tokenizer.js';
import { exportPoolingGraph } from '../graphs/export-pooling-graph.js';
import { familyOf } from '../hub/families.js';
import {
  readSentenceSettings,
  readSentenceTransformer,
  type SentenceTransformer,
} from '../pooling/sentence-transformers.js';
import { openInProcess } from '../runtime/in-process.js';
import { EncodedTexts } from './encoded-texts.js';
import { loadExported, type ExportedFolder, type ExportedModel } from './exported-model.js';
import type { EncoderRequest } from './options.js';
import { prepareTexts, type Marks, type TextPreparation } from './text-preparation.js';
import { defaultPoolingNote, exportedViews, isPooledByDefault } from './views.js';

/**
 * Opens a model exported to ONNX. Its hidden states are pooled by the same graph nodes as a checkpoint's, with the requested
 * poolings or those of modules.json. An export that computes finished vectors (`sentence_embedding`) is taken at its word if
 * no pooling is requested and no readable modules.json says how to make them. Each text is run alone, so that its vector does
 * not depend on others.
 * @throws InputError for options that an export does not support, or an unusable export
 */
export async function openExportedEncoder(
  exported: ExportedFolder,
  request: EncoderRequest,
  marks: Marks,
): Promise<Encoder> {
  refuseUnsupported(exported.checkpoint.id, request);
  const model = await loadExported(exported, request.threads);
  try {
    const steps = await stepsAfter(exported, model, request);
    const { checkpoint, sentence } = steps;
    const { id, nameOrPath } = checkpoint;
    const tokenizer = await openTokenizer(checkpoint.folder, exported.vocabularySize);
    const text = { checkpoint, tokenizer, positions: exported.positions, sentence };
    const preparation = prepareTexts(text, marks, request);
    for (const note of preparation.notes) request.progress?.note(`${id}: ${note}`);
    const vectors = await (steps.isFinished ? finishedVectors : pooledVectors)(
      { exported, model, preparation, steps },
      request,
    );
    const info = await modelInfo(checkpoint, [exported.file, ...tokenizer.files], () => false, request.dtype);
    return {
      model: { ...info, parameters: null },
      settings: { ...preparation.settings, runtime: 'ONNX export' },
      views: vectors.views,
      similarity: sentence?.similarity ?? familyOf(id, nameOrPath)?.similarity ?? null,
      encode: (texts, role, work) => encode({ preparation, vectors }, texts, role, work),
      ...(preparation.documentText === undefined ? {} : { documentText: preparation.documentText }),
      async close() {
        await vectors.close();
        await model.close();
      },
    };
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** What follows the export, by the folder's files. */
interface Steps {
  readonly checkpoint: Checkpoint;
  readonly sentence: SentenceTransformer | null;
  /** True if nothing follows: the export's own vectors are taken. */
  readonly isFinished: boolean;
}

async function stepsAfter(
  { checkpoint }: ExportedFolder,
  { gives }: ExportedModel,
  { pooling, embedPrompt }: EncoderRequest,
): Promise<Steps> {
  const { id, folder } = checkpoint;
  const wantsOwn = embedPrompt === null && pooling.every((name) => name === 'own');
  if (!gives.tokens && !wantsOwn)
    throw new InputError(`${id}: this export gives finished vectors only; leave --pooling and --embed-prompt out`);
  const sentence = !gives.tokens
    ? null
    : await readSentenceTransformer(checkpoint).catch((error: unknown) => {
        if (error instanceof InputError && gives.sentence && wantsOwn) return null;
        throw error;
      });
  if (sentence !== null) return { checkpoint: sentence.checkpoint, sentence, isFinished: false };
  if (!gives.sentence || !wantsOwn) return { checkpoint, sentence, isFinished: false };
  const { files, ...settings } = await readSentenceSettings(folder);
  const finished = { ...checkpoint, files: [...checkpoint.files, ...files] };
  return {
    checkpoint: finished,
    sentence: { ...settings, modules: [], poolsPrompt: true, checkpoint: finished },
    isFinished: true,
  };
}

/** Computes the vectors of a text, one per view. */
interface Vectors {
  readonly views: readonly EmbeddingView[];
  of(ids: Int32Array, role: Role): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

interface ExportParts {
  readonly exported: ExportedFolder;
  readonly model: ExportedModel;
  readonly preparation: TextPreparation;
  readonly steps: Steps;
}

async function finishedVectors({ model, preparation }: ExportParts): Promise<Vectors> {
  const { columns: dimensions } = await model.sentence(preparation.ids('a', 'query').ids);
  const [name, pooling] = ['sentence_embedding', 'sentence_embedding'];
  return {
    views: [{ name, pooling, layer: null, dimensions }],
    of: async (ids) => [(await model.sentence(ids)).data],
    close: () => Promise.resolve(),
  };
}

async function pooledVectors(
  { exported, model, preparation, steps: { checkpoint, sentence } }: ExportParts,
  request: EncoderRequest,
): Promise<Vectors> {
  const { columns: size } = await model.tokens(preparation.ids('a', 'query').ids);
  const { id } = checkpoint;
  const views = exportedViews(request, { id, sentence, isCausal: exported.isCausal }, size);
  if (isPooledByDefault(request, sentence)) request.progress?.note(`${id}: ${defaultPoolingNote}`);
  const { skipsPrompt } = preparation;
  const session = await openInProcess(exportPoolingGraph(checkpoint, views, { size, skipsPrompt }));
  return {
    views,
    async of(ids, role) {
      const starts = skipsPrompt ? { starts: Int32Array.of(preparation.start(role)) } : {};
      return session.run({ hidden: await model.tokens(ids), ...starts });
    },
    close: () => session.close(),
  };
}

/** @throws InputError for options that need a model's weights */
function refuseUnsupported(id: string, { layer, device, attention }: EncoderRequest): void {
  if (device !== 'cpu')
    throw new InputError(`${id}: an export runs on the processor only; leave --device ${device} out`);
  if (attention !== null)
    throw new InputError(`${id}: the attention of an export is fixed; leave --attention ${attention} out`);
  if (layer.length > 0) throw new InputError(`${id}: an export has only its last hidden state; leave --layer out`);
}

async function encode(
  { preparation, vectors }: { readonly preparation: TextPreparation; readonly vectors: Vectors },
  texts: readonly string[],
  role: Role,
  { signal, onProgress, onCounts }: WorkOptions = {},
): Promise<Matrix[]> {
  const encoded = new EncodedTexts(vectors.views, texts, role);
  const start = preparation.start(role);
  for (const [row, text] of texts.entries()) {
    throwIfInterrupted(signal);
    const prepared = preparation.ids(text, role);
    encoded.count(prepared);
    if (prepared.ids.length > start) encoded.set(row, await vectors.of(prepared.ids, role));
    onProgress?.(1);
  }
  onCounts?.(encoded.counts);
  return encoded.matrices;
}
