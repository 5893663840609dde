import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { Dtype } from '../../core/system-fields.js';
import { exists, readJson } from '../../io/files.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { floatsOfHalves } from '../quantization/tensor-values.js';
import type { ModelLocation } from '../hub/index.js';

/** A folder with a model exported to ONNX, as transformers.js, Optimum and sentence-transformers write it. */
export interface ExportedFolder {
  /** Has no tensors: the weights are in the export. */
  readonly checkpoint: Checkpoint;
  /** The export, relative to the folder. */
  readonly file: string;
  /** Number of positions, or null if config.json does not give it. */
  readonly positions: number | null;
  /** Number of token ids, or null if config.json does not give it. */
  readonly vocabularySize: number | null;
  /** True for a causal language model. */
  readonly isCausal: boolean;
}

const configSchema = z.looseObject({
  model_type: z.string(),
  _name_or_path: z.string().nullish(),
  max_position_embeddings: z.int().positive().nullish(),
  vocab_size: z.int().positive().nullish(),
  architectures: z.array(z.string()).nullish(),
});

/** Where an export is looked for if no file is named: transformers.js' and Optimum's names. */
const usualFiles: Readonly<Record<Dtype, readonly string[]>> = {
  fp32: ['onnx/model.onnx', 'model.onnx'],
  int8: ['onnx/model_quantized.onnx', 'onnx/model_int8.onnx', 'model_quantized.onnx'],
};

/** The exports in a folder, relative to it. */
export async function exportsIn(folder: string): Promise<string[]> {
  const inside = await Promise.all(
    ['', 'onnx'].map(async (path) => {
      const names = await readdir(join(folder, path)).catch((): string[] => []);
      return names.filter((name) => name.endsWith('.onnx')).map((name) => posix.join(path, name));
    }),
  );
  return inside.flat().sort();
}

/**
 * Reads the settings of an exported model.
 * @param onnxFile the export to use, within the folder or its folder onnx; null for the usual one of the number type
 * @throws InputError for a file that does not exist, or settings that cannot be read
 */
export async function readExported(
  { folder, id, revision }: ModelLocation,
  { onnxFile, dtype }: { readonly onnxFile: string | null; readonly dtype: Dtype },
): Promise<ExportedFolder> {
  const present = await exportsIn(folder);
  const wanted = onnxFile === null ? usualFiles[dtype] : [posix.normalize(onnxFile), posix.join('onnx', onnxFile)];
  const file = wanted.find((name) => present.includes(name));
  if (file === undefined) {
    const available = present.length === 0 ? '' : `; choose one with --onnx-file: ${present.join(', ')}`;
    throw new InputError(`${join(folder, wanted[0]!)}: there is no such file${available}`);
  }
  const configPath = join(folder, 'config.json');
  const config = await readJson(configPath, configSchema, "a Hugging Face model's configuration");
  return {
    checkpoint: {
      ...{ folder, id, revision, configPath, modelType: config.model_type, nameOrPath: config._name_or_path ?? '' },
      ...{ tensors: new Map(), files: ['config.json'] },
    },
    file,
    positions: config.max_position_embeddings ?? null,
    vocabularySize: config.vocab_size ?? null,
    isCausal: config.architectures?.some((name) => /(ForCausalLM|LMHeadModel)$/.test(name)) === true,
  };
}

/** A loaded export. */
export interface ExportedModel {
  /** What it computes: hidden states of the tokens, and the finished vector of the text. */
  readonly gives: { readonly tokens: boolean; readonly sentence: boolean };
  /** The last hidden state of one text, [tokens, size]. */
  tokens(ids: Int32Array): Promise<Matrix>;
  /** The finished vector of one text, as a matrix of one row. */
  sentence(ids: Int32Array): Promise<Matrix>;
  close(): Promise<void>;
}

const tokenOutputs = ['last_hidden_state', 'token_embeddings'];
const sentenceOutput = 'sentence_embedding';

/** Loads an export. @throws InputError if ONNX Runtime cannot load it, or it has inputs or outputs that are not known */
export async function loadExported({ checkpoint, file }: ExportedFolder, threads: number): Promise<ExportedModel> {
  const path = join(checkpoint.folder, file);
  if (!(await exists(path))) throw new InputError(`${path}: there is no such file`);
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const options = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableMemPattern: false,
    logSeverityLevel: 3,
  } as const;
  const session = await InferenceSession.create(path, options).catch((error: unknown) => {
    throw new InputError(`${path}: ONNX Runtime cannot load this model (${messageOf(error)}); export it again`);
  });
  const tokens = tokenOutputs.find((name) => session.outputNames.includes(name));
  const sentence = session.outputNames.includes(sentenceOutput);
  if (tokens === undefined && !sentence)
    throw new InputError(
      `${path}: has the outputs ${session.outputNames.join(', ')}; expected ${[...tokenOutputs, sentenceOutput].join(', ')}, as in exports for feature extraction`,
    );
  const run = async (ids: Int32Array, output: string): Promise<Tensor> => {
    const feeds = feedsOf(session, ids, Tensor, path);
    return (await session.run(feeds, [output]))[output]!;
  };
  return {
    gives: { tokens: tokens !== undefined, sentence },
    async tokens(ids) {
      const state = await run(ids, tokens!);
      requireDimensions(state, 3, `${path}: ${tokens!}`);
      return { rows: ids.length, columns: state.dims[2]!, data: floatsOf(state, path) };
    },
    async sentence(ids) {
      const vector = await run(ids, sentenceOutput);
      requireDimensions(vector, 2, `${path}: ${sentenceOutput}`);
      return { rows: 1, columns: vector.dims[1]!, data: floatsOf(vector, path) };
    },
    close: () => session.release(),
  };
}

/**
 * The inputs of one text: its ids, a mask of ones, token types 0, positions from 0, and an empty cache of earlier keys and
 * values for exports of decoders.
 */
function feedsOf(
  session: InferenceSession,
  ids: Int32Array,
  TensorClass: typeof Tensor,
  path: string,
): Record<string, Tensor> {
  const dims = [1, ids.length];
  const integers = (values: BigInt64Array): Tensor => new TensorClass('int64', values, dims);
  const feeds = session.inputMetadata.map((input): [string, Tensor] => {
    const { name } = input;
    if (name === 'input_ids') return [name, integers(BigInt64Array.from(ids, BigInt))];
    if (name === 'attention_mask') return [name, integers(new BigInt64Array(ids.length).fill(1n))];
    if (name === 'token_type_ids') return [name, integers(new BigInt64Array(ids.length))];
    if (name === 'position_ids') return [name, integers(BigInt64Array.from(ids, (_, i) => BigInt(i)))];
    if (name.startsWith('past_key_values.') && input.isTensor && input.type.startsWith('float')) {
      // [batch, heads, earlier tokens, head size]; named dimensions are batch and tokens.
      const shape = input.shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : 0));
      const empty = input.type === 'float16' ? new Uint16Array(0) : new Float32Array(0);
      return [name, new TensorClass(input.type as 'float32', empty as Float32Array, shape)];
    }
    throw new InputError(`${path}: has the input "${name}", which is not known; expected one for feature extraction`);
  });
  return Object.fromEntries(feeds);
}

function requireDimensions({ dims }: Tensor, expected: number, what: string): void {
  if (dims.length !== expected) throw new InputError(`${what} has ${dims.length} dimensions; expected ${expected}`);
}

function floatsOf({ type, data }: Tensor, path: string): Float32Array {
  if (type === 'float32') return data as Float32Array;
  if (type === 'float16') {
    const { buffer, byteOffset, length } = data as TypedTensor<'float16'>['data'];
    return floatsOfHalves(new Uint16Array(buffer, byteOffset, length));
  }
  throw new InputError(`${path}: its output is of type ${type}; expected float32 or float16`);
}
