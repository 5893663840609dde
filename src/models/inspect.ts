import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../core/errors.js';
import type { Role } from '../core/model.js';
import type { Progress } from '../core/progress.js';
import type { Similarity } from '../core/system-fields.js';
import { architectureOf, type Architecture } from './architectures/index.js';
import { resolveBrackets } from './encoding/brackets.js';
import { resolvePrompts } from './encoding/text-prompts.js';
import { openCheckpoint, type Checkpoint } from './checkpoint/checkpoint.js';
import { bytesPerElement, elements, type TensorType } from './checkpoint/tensors.js';
import { familyOf } from './hub/families.js';
import { locateModel } from './hub/index.js';
import { poolingsOf } from './pooling/poolings.js';
import { moduleView } from './pooling/sentence-modules.js';
import { noPrompts, readSentenceTransformer, type SentenceTransformer } from './pooling/sentence-transformers.js';
import { openTokenizer } from './checkpoint/tokenizer.js';

/** Description of a checkpoint, and of how it would be run. */
export interface Inspection {
  readonly id: string;
  readonly revision: string | null;
  readonly folder: string;
  readonly modelType: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly tensors: readonly {
    readonly name: string;
    readonly type: TensorType;
    readonly shape: readonly number[];
    readonly bytes: number;
    readonly file: string;
  }[];
  readonly parameters: number;
  /** Size of the weights in bytes: on disk, and in memory as float32. */
  readonly weightBytes: { readonly stored: number; readonly float32: number };
  /** Description of a run; null, with the reason in `problem`, if the checkpoint cannot be run. */
  readonly runs: RunDescription | null;
  readonly problem: string | null;
  /** Notes about weights that are not simply used as they are stored, one sentence each. */
  readonly copies: readonly string[];
}

interface RunDescription {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly kind: 'causal language model' | 'encoder';
  /** Longest input in tokens, according to the model's positions and to its sentence-transformers settings. */
  readonly maxTokens: { readonly positions: number | null; readonly own: number | null };
  readonly poolings: readonly string[];
  /** Pooling that is used if none is named; null if one has to be named. */
  readonly defaultPooling: string | null;
  readonly similarity: Similarity;
  readonly prompts: Readonly<Record<Role, string | null>>;
  readonly dimensions: number;
  readonly brackets: string;
  readonly specialTokens: { readonly before: readonly number[]; readonly after: readonly number[] };
}

/**
 * Reads headers and settings of a model (a folder or a hub id), not its weights. A checkpoint that cannot be run is
 * described, too.
 * @throws InputError for a folder that is not a checkpoint
 */
export async function inspectModel(model: string, progress?: Progress): Promise<Inspection> {
  const source = await locateModel(model, { progress });
  const bare = await openCheckpoint(source.folder, source);
  const outcome = await describeRun(bare).catch((error: unknown) => {
    if (error instanceof InputError) return error;
    throw error;
  });
  const ok = outcome instanceof InputError ? null : outcome;
  const checkpoint = ok?.sentence?.checkpoint ?? bare;
  const tensors = [...checkpoint.tensors.values()];
  const isParameter = (name: string): boolean => ok?.architecture.isParameter(name) ?? true;
  const counted = tensors.filter(({ name }) => isParameter(name));
  const parameters = counted.reduce((sum, tensor) => sum + elements(tensor), 0);
  const stored = counted.reduce((sum, tensor) => sum + elements(tensor) * bytesPerElement[tensor.type], 0);
  return {
    id: checkpoint.id,
    revision: checkpoint.revision,
    folder: checkpoint.folder,
    modelType: checkpoint.modelType,
    files: await Promise.all(
      checkpoint.files.map(async (name) => ({ name, bytes: (await stat(join(checkpoint.folder, name))).size })),
    ),
    tensors: tensors.map(({ name, type, shape, length, file }) => ({ name, type, shape, bytes: length, file })),
    parameters,
    weightBytes: { stored, float32: 4 * parameters },
    runs: ok?.runs ?? null,
    problem: outcome instanceof InputError ? outcome.message : null,
    copies: [...wideningNotes(counted.map(({ type }) => type)), ...(ok?.architecture.notes ?? [])],
  };
}

async function describeRun(
  checkpoint: Checkpoint,
): Promise<{ architecture: Architecture; sentence: SentenceTransformer | null; runs: RunDescription }> {
  const architecture = await architectureOf(checkpoint);
  const sentence = await readSentenceTransformer(checkpoint);
  const tokenizer = await openTokenizer(checkpoint.folder, architecture.vocabularySize);
  const own = sentence === null ? null : moduleView(sentence.modules, architecture);
  const { layers, hiddenSize, vocabularySize } = architecture;
  const names = [checkpoint.id, checkpoint.nameOrPath].filter((name) => name !== '');
  const fields = { queryPrompt: 'auto', documentPrompt: 'auto', instruction: null };
  const { query, document } = resolvePrompts(fields, { names, own: sentence?.prompts ?? noPrompts });
  return {
    architecture,
    sentence,
    runs: {
      ...{ layers, hiddenSize, vocabularySize },
      kind: architecture.logits === null ? 'encoder' : 'causal language model',
      maxTokens: { positions: architecture.maxTokens, own: sentence?.maxTokens ?? null },
      poolings: poolingsOf(architecture),
      defaultPooling: own?.name ?? (architecture.logits === null ? null : 'weightedmean'),
      similarity: sentence?.similarity ?? familyOf(...names)?.similarity ?? 'cosine',
      prompts: { query: query?.recorded ?? null, document: document?.recorded ?? null },
      dimensions: own?.dimensions ?? architecture.outputSize,
      brackets: resolveBrackets('auto', checkpoint.id, checkpoint.nameOrPath),
      specialTokens: tokenizer.special,
    },
  };
}

function wideningNotes(types: readonly TensorType[]): string[] {
  const half = [...new Set(types)].filter((type) => type === 'F16' || type === 'BF16');
  return half.length === 0
    ? []
    : [`weights in ${half.join(' and ')} are widened to float32 in memory when the model starts`];
}
