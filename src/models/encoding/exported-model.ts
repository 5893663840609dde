import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { Dtype } from '../../core/system-fields.js';
import { exists, readJson } from '../../io/files.js';
import { hasWeights, type Checkpoint } from '../checkpoint/checkpoint.js';
import type { ModelLocation } from '../hub/index.js';

/** Model files in transformers.js' layout, by number type, and transformers.js' name of the type. */
const layouts = {
  fp32: { file: 'onnx/model.onnx', dtype: 'fp32' },
  int8: { file: 'onnx/model_quantized.onnx', dtype: 'q8' },
} as const satisfies Readonly<Record<Dtype, object>>;

/** A folder in transformers.js' layout. */
export interface ExportedFolder {
  /** Has no tensors: the weights are in the export. */
  readonly checkpoint: Checkpoint;
  /** Number of positions, or null if config.json does not give it. */
  readonly positions: number | null;
  /** Number of token ids, or null if config.json does not give it. */
  readonly vocabularySize: number | null;
}

const configSchema = z.looseObject({
  model_type: z.string(),
  _name_or_path: z.string().nullish(),
  max_position_embeddings: z.int().positive().optional(),
  vocab_size: z.int().positive().optional(),
});

/** Reads the settings of an exported model. @returns null for a folder that has weights, or no export */
export async function readExported({ folder, id, revision }: ModelLocation): Promise<ExportedFolder | null> {
  if (await hasWeights(folder)) return null;
  const present = await Promise.all(Object.values(layouts).map(({ file }) => exists(join(folder, file))));
  if (!present.includes(true)) return null;
  const configPath = join(folder, 'config.json');
  const config = await readJson(configPath, configSchema, "a Hugging Face model's configuration");
  return {
    checkpoint: {
      ...{ folder, id, revision, configPath, modelType: config.model_type, nameOrPath: config._name_or_path ?? '' },
      ...{ tensors: new Map(), files: ['config.json'] },
    },
    positions: config.max_position_embeddings ?? null,
    vocabularySize: config.vocab_size ?? null,
  };
}

/** A model loaded in transformers.js. */
export interface ExportedModel {
  /** File that it was read from, relative to its folder. */
  readonly file: string;
  /** Returns the last hidden state [tokens, size] of one text. */
  run(ids: Int32Array): Promise<Matrix>;
  close(): Promise<void>;
}

/** Loads an export. @throws InputError if it is missing, transformers.js cannot load it, or it has no hidden states */
export async function loadExported(
  { folder }: Checkpoint,
  { dtype, threads }: { readonly dtype: Dtype; readonly threads: number },
): Promise<ExportedModel> {
  const { file, dtype: type } = layouts[dtype];
  const path = join(folder, file);
  if (!(await exists(path)))
    throw new InputError(`${path}: there is no such file; expected the model as exported for transformers.js`);
  const { AutoModel, Tensor, env } = await import('@xenova/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = '';
  let model: Awaited<ReturnType<typeof AutoModel.from_pretrained>>;
  try {
    model = await AutoModel.from_pretrained(folder, {
      dtype: type,
      device: 'cpu',
      local_files_only: true,
      session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
    });
  } catch (error) {
    throw new InputError(`${path}: transformers.js cannot load this model (${messageOf(error)}); export it again`);
  }
  return {
    file,
    async run(ids) {
      const dims = [1, ids.length];
      const output = (await model({
        input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), dims),
        attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), dims),
      })) as Readonly<Record<string, { data: unknown; dims: readonly number[] } | undefined>>;
      const state = output['last_hidden_state'] ?? output['token_embeddings'];
      if (!(state?.data instanceof Float32Array) || state.dims.length !== 3)
        throw new InputError(
          `${path}: has the outputs ${Object.keys(output).join(', ')}; expected last_hidden_state, as in exports for feature extraction`,
        );
      return { rows: ids.length, columns: state.dims[2]!, data: state.data };
    },
    async close() {
      await model.dispose();
    },
  };
}
