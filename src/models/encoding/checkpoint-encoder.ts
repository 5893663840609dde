import type { Encoder, Matrix, Role, WorkOptions } from '../../core/model.js';
import { encoderGraph } from '../graphs/encoder-graph.js';
import type { GraphOptions } from '../graphs/graph-options.js';
import type { EncoderView } from '../graphs/view-outputs.js';
import { familyOf } from '../hub/families.js';
import type { ModelLocation } from '../hub/index.js';
import { openModel } from '../loading/open-model.js';
import { tokensPerBatch, startModel } from '../loading/start-model.js';
import { readSentenceTransformer } from '../pooling/sentence-transformers.js';
import type { Job } from '../runtime/job.js';
import { longestFirst } from '../runtime/longest-first.js';
import type { Feeds } from '../runtime/messages.js';
import type { SessionPool } from '../runtime/pool.js';
import { activationBytes } from '../runtime/worker-layout.js';
import { EncodedTexts } from './encoded-texts.js';
import type { EncoderRequest } from './options.js';
import { prepareTexts, type Marks, type TextPreparation } from './text-preparation.js';
import { checkpointViews, defaultPoolingNote, isPooledByDefault } from './views.js';

/** Assumed longest input of a model without a limit; most models have this limit. */
const assumedMaxTokens = 2048;
/** Length of the short text that worker layouts are measured with. */
const probeTokens = 32;

/**
 * Opens a model folder with weights. Texts are run without padding and do not see each other; a run has one text, or as
 * many as `batchTokens` allows.
 * @throws InputError for an invalid model or option
 */
export async function openCheckpointEncoder(
  source: ModelLocation,
  request: EncoderRequest,
  marks: Marks,
): Promise<Encoder> {
  const { dtype, device, attention, progress } = request;
  const batchTokens = tokensPerBatch(request);
  const model = await openModel(source, dtype, progress);
  const { architecture, tokenizer } = model;
  const sentence = await readSentenceTransformer(model.checkpoint);
  const checkpoint = sentence?.checkpoint ?? model.checkpoint;
  const { id } = checkpoint;
  const preparation = prepareTexts(
    { checkpoint, tokenizer, positions: architecture.maxTokens, sentence },
    marks,
    request,
  );
  const views = checkpointViews(request, { id, sentence, isCausal: architecture.logits !== null }, architecture);
  if (isPooledByDefault(request, sentence)) progress?.note(`${id}: ${defaultPoolingNote}`);
  const longest = preparation.limit ?? assumedMaxTokens;
  for (const note of preparation.notes) progress?.note(`${id}: ${note}`);
  const { skipsPrompt } = preparation;
  const graphOptions = (int8: GraphOptions['int8']): GraphOptions => ({
    ...{ int8: int8 ?? null, batched: batchTokens !== null, attention, skipsPrompt },
  });
  const { info, pool } = await startModel(
    { ...model, checkpoint },
    (int8) => encoderGraph(architecture, checkpoint, views, graphOptions(int8)),
    {
      ...{ threads: request.threads, workers: request.workers, device, batchTokens },
      activationBytes: activationBytes(Math.max(longest, batchTokens ?? 0), architecture.hiddenSize, 0),
      probe: feeds(new Int32Array(Math.min(longest, probeTokens)), skipsPrompt ? 0 : null),
      note: (message) => progress?.note(`${id}: ${message}`),
    },
  );
  return {
    model: info,
    settings: preparation.settings,
    views,
    similarity: sentence?.similarity ?? familyOf(id, checkpoint.nameOrPath)?.similarity ?? null,
    encode: (texts, role, work) => encode({ pool, preparation, views }, texts, role, work),
    ...(preparation.documentText === undefined ? {} : { documentText: preparation.documentText }),
    peakBytes: () => pool.peakBytes,
    close: () => pool.close(),
  };
}

/** The parts of an opened bi-encoder. */
interface CheckpointParts {
  readonly pool: SessionPool;
  readonly preparation: TextPreparation;
  readonly views: readonly EncoderView[];
}

async function encode(
  { pool, preparation, views }: CheckpointParts,
  texts: readonly string[],
  role: Role,
  { signal, onProgress, onCounts }: WorkOptions = {},
): Promise<Matrix[]> {
  const encoded = new EncodedTexts(views, texts, role);
  const start = preparation.start(role);
  function* jobs(): Generator<Job> {
    for (const index of longestFirst(texts.map(({ length }) => length))) {
      const prepared = preparation.ids(texts[index]!, role);
      encoded.count(prepared);
      const { ids } = prepared;
      // Without a token to pool, the vector stays zero, as sentence-transformers has it.
      if (ids.length <= start) {
        onProgress?.(1);
        continue;
      }
      yield {
        feeds: feeds(ids, preparation.skipsPrompt ? start : null),
        done(outputs) {
          encoded.set(index, outputs);
          onProgress?.(1);
        },
      };
    }
  }
  await pool.run(jobs(), signal);
  onCounts?.(encoded.counts);
  return encoded.matrices;
}

/** @param start position of the first token that is pooled; null if all are */
function feeds(ids: Int32Array, start: number | null): Feeds {
  const input = { ids: { type: 'int32', data: ids, dims: [ids.length] } } as const;
  return start === null ? input : { ...input, starts: { type: 'int32', data: Int32Array.of(start), dims: [1] } };
}
