import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf, throwIfInterrupted } from '../../core/errors.js';
import { exists, readJson, sha256OfFile } from '../../io/files.js';
import type { Encoder, Matrix, ModelInfo, Role } from '../../core/model.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { ModelSource } from '../hub/index.js';
import {
  moduleView,
  poolingModes,
  readSentenceTransformer,
  type ModuleView,
  type PoolingMode,
  type SentenceModule,
} from '../pooling/sentence-transformers.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';

/** Files of transformers.js' layout by the type they compute in, and transformers.js' name of it. */
const exports = {
  fp32: { file: 'onnx/model.onnx', dtype: 'fp32' },
  int8: { file: 'onnx/model_quantized.onnx', dtype: 'q8' },
} as const;

export interface ExportedOptions {
  readonly dtype: keyof typeof exports;
  /** Names of {@link poolingModes}, or `own`; none for the model's own, else `weightedmean`. */
  readonly poolings: readonly string[];
  readonly threads: number;
  /** Token ids of a text with what is put around it. */
  readonly toIds: (text: string, role: Role) => Int32Array;
  readonly settings: Encoder['settings'];
}

/** A folder in transformers.js' layout as a checkpoint without tensors, or null for any other. */
export async function readExported({ folder, id, revision }: ModelSource): Promise<Checkpoint | null> {
  const weights = [
    'model.safetensors',
    'model.safetensors.index.json',
    'pytorch_model.bin',
    'pytorch_model.bin.index.json',
  ];
  for (const file of weights) if (await exists(join(folder, file))) return null;
  const { file } = exports.fp32;
  if (!(await exists(join(folder, file))) && !(await exists(join(folder, exports.int8.file)))) return null;
  const configPath = join(folder, 'config.json');
  const schema = z.looseObject({ model_type: z.string(), _name_or_path: z.string().nullish() });
  const config = await readJson(configPath, schema, "a Hugging Face model's configuration");
  return {
    ...{ folder, id, revision, configPath, modelType: config.model_type, nameOrPath: config._name_or_path ?? '' },
    ...{ tensors: new Map(), files: ['config.json'] },
  };
}

/** Positions that an exported model has, as config.json says, or null where it does not. */
export async function exportedPositions({ configPath }: Checkpoint): Promise<number | null> {
  const schema = z.looseObject({ max_position_embeddings: z.int().positive().optional() });
  return (await readJson(configPath, schema, "a model's configuration")).max_position_embeddings ?? null;
}

/**
 * A model exported to ONNX for transformers.js, run through it. Its last hidden state is pooled here, as its modules.json says
 * or as asked. One text at a time, so that a vector does not depend on its neighbours.
 * @throws InputError for an export that transformers.js cannot load or that has no hidden states
 */
export async function createExportedEncoder(
  checkpoint: Checkpoint,
  tokenizer: Tokenizer,
  options: ExportedOptions,
): Promise<Encoder> {
  const { file, dtype } = exports[options.dtype];
  const run = await load(checkpoint, file, dtype, options.threads);
  const hidden = await run(options.toIds('a', 'query'));
  const views = await viewsOf(checkpoint, options.poolings, hidden.columns);
  const info = await describe(checkpoint, [file, ...tokenizer.files], options.dtype);
  return {
    model: info,
    settings: { ...options.settings, runtime: 'transformers.js' },
    views,
    async encode(texts, role, { signal, onProgress } = {}): Promise<Matrix[]> {
      const matrices = views.map(({ dimensions }) => ({
        rows: texts.length,
        columns: dimensions,
        data: new Float32Array(texts.length * dimensions),
      }));
      for (const [row, text] of texts.entries()) {
        throwIfInterrupted(signal);
        const ids = options.toIds(text, role);
        if (ids.length > 0) {
          const states = await run(ids);
          views.forEach(({ modules }, v) => {
            matrices[v]!.data.set(apply(modules, states), row * matrices[v]!.columns);
          });
        }
        onProgress?.(1);
      }
      return matrices;
    },
    close: () => run.close(),
  };
}

interface Run {
  /** Last hidden state [tokens, size] of one text. */
  (ids: Int32Array): Promise<Matrix>;
  close(): Promise<void>;
}

async function load(checkpoint: Checkpoint, file: string, dtype: 'fp32' | 'q8', threads: number): Promise<Run> {
  const path = join(checkpoint.folder, file);
  if (!(await exists(path)))
    throw new InputError(`${path}: there is no such file; expected the model as exported for transformers.js`);
  const { AutoModel, Tensor, env } = await import('@xenova/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = '';
  let model: Awaited<ReturnType<typeof AutoModel.from_pretrained>>;
  try {
    model = await AutoModel.from_pretrained(checkpoint.folder, {
      dtype,
      device: 'cpu',
      local_files_only: true,
      session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
    });
  } catch (error) {
    throw new InputError(`${path}: transformers.js cannot load this model (${messageOf(error)}); export it again`);
  }
  const run = async (ids: Int32Array): Promise<Matrix> => {
    const dims = [1, ids.length];
    const output = (await model({
      input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), dims),
      attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), dims),
    })) as Readonly<Record<string, { data: unknown; dims: readonly number[] } | undefined>>;
    const state = output['last_hidden_state'] ?? output['token_embeddings'];
    if (!(state?.data instanceof Float32Array) || state.dims.length !== 3)
      throw new InputError(
        `${path}: gives ${Object.keys(output).join(', ')}; expected last_hidden_state, as of a feature-extraction export`,
      );
    return { rows: ids.length, columns: state.dims[2]!, data: state.data };
  };
  return Object.assign(run, {
    close: async () => {
      await model.dispose();
    },
  });
}

async function viewsOf(checkpoint: Checkpoint, poolings: readonly string[], size: number): Promise<ModuleView[]> {
  const sentence = await readSentenceTransformer(checkpoint);
  const names = poolings.length > 0 ? poolings : [sentence === null ? 'weightedmean' : 'own'];
  const shape = { layers: -1, outputSize: size };
  return names.map((name) => {
    if (name === 'own' && sentence !== null) return moduleView(sentence.modules.map(runnable), shape);
    const mode = poolingModes.find((known) => known === name);
    if (mode === undefined)
      throw new InputError(
        `${checkpoint.id}: pooling "${name}": a model exported for transformers.js gives its last hidden state alone; possible: own, ${poolingModes.join(', ')}`,
      );
    return moduleView([{ kind: 'pooling', modes: [mode] }], shape);
  });
}

function runnable(module: SentenceModule): SentenceModule {
  if (module.kind === 'pooling' || module.kind === 'normalize') return module;
  throw new InputError(
    `a ${module.kind} module is not supported with a model exported for transformers.js; use its weights`,
  );
}

async function describe(checkpoint: Checkpoint, extra: readonly string[], dtype: string): Promise<ModelInfo> {
  const files: Record<string, string> = {};
  for (const file of [...checkpoint.files, ...extra].sort())
    files[file] = await sha256OfFile(join(checkpoint.folder, file));
  const { id, revision, modelType: architecture } = checkpoint;
  return { id, revision, architecture, parameters: null, files, dtype };
}

function apply(modules: readonly SentenceModule[], states: Matrix): Float32Array {
  let vector = new Float32Array();
  for (const module of modules) {
    if (module.kind === 'pooling') {
      vector = Float32Array.from(module.modes.flatMap((mode) => [...pool(mode, states)]));
    } else if (module.kind === 'normalize') {
      const length = Math.max(Math.hypot(...vector), 1e-12);
      vector = vector.map((value) => value / length);
    }
  }
  return vector;
}

/** See pooling.ts for what each mode is. */
function pool(mode: PoolingMode, { rows, columns, data }: Matrix): Float32Array {
  if (mode === 'cls') return data.slice(0, columns);
  if (mode === 'lasttoken') return data.slice((rows - 1) * columns);
  const vector = new Float64Array(columns).fill(mode === 'max' ? -Infinity : 0);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = data[row * columns + column]!;
      if (mode === 'max') vector[column] = Math.max(vector[column]!, value);
      else vector[column]! += mode === 'weightedmean' ? value * (row + 1) : value;
    }
  const divisor = { max: 1, mean: rows, mean_sqrt_len_tokens: Math.sqrt(rows), weightedmean: (rows * (rows + 1)) / 2 }[
    mode
  ];
  return Float32Array.from(vector, (sum) => sum / divisor);
}
