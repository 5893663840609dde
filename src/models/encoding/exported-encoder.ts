import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf, throwIfInterrupted } from '../../core/errors.js';
import { exists, readJson, sha256OfFile } from '../../io/files.js';
import type { Encoder, Matrix, ModelInfo, Role } from '../../core/model.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { ModelSource } from '../hub/index.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';
import { exportPoolingGraph } from '../graphs/export-pooling-graph.js';
import type { EncoderView } from '../graphs/view-outputs.js';
import { poolingEntry, poolings } from '../pooling/poolings.js';
import { moduleView } from '../pooling/sentence-modules.js';
import { readSentenceTransformer } from '../pooling/sentence-transformers.js';
import { openInProcess } from '../runtime/in-process.js';

/** Files of transformers.js' layout by the type they compute in, and transformers.js' name of it. */
const exports = {
  fp32: { file: 'onnx/model.onnx', dtype: 'fp32' },
  int8: { file: 'onnx/model_quantized.onnx', dtype: 'q8' },
} as const;

export interface ExportedOptions {
  readonly dtype: keyof typeof exports;
  /** Poolings of one hidden state, or `own`; none for the model's own, else `weightedmean`. */
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
  const pooling = await openInProcess(exportPoolingGraph(checkpoint, views, hidden.columns));
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
          const vectors = await pooling.run({ hidden: await run(ids) });
          matrices.forEach(({ data, columns }, view) => {
            data.set(vectors[view]!, row * columns);
          });
        }
        onProgress?.(1);
      }
      return matrices;
    },
    async close() {
      await pooling.close();
      await run.close();
    },
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

/** Poolings that the last hidden state alone is enough for. */
const possible = poolings.filter((pooling) => poolingEntry(pooling).takes === 'one');

async function viewsOf(checkpoint: Checkpoint, asked: readonly string[], size: number): Promise<EncoderView[]> {
  const sentence = await readSentenceTransformer(checkpoint);
  const names = asked.length > 0 ? asked : [sentence === null ? 'weightedmean' : 'own'];
  return names.map((name) => {
    if (name === 'own' && sentence !== null) return moduleView(sentence.modules, { layers: -1, outputSize: size });
    const pooling = possible.find((known) => known === name);
    if (pooling === undefined)
      throw new InputError(
        `${checkpoint.id}: pooling "${name}": a model exported for transformers.js gives its last hidden state alone; possible: own, ${possible.join(', ')}`,
      );
    return { name, pooling, layer: -1, dimensions: size };
  });
}

async function describe(checkpoint: Checkpoint, extra: readonly string[], dtype: string): Promise<ModelInfo> {
  const files: Record<string, string> = {};
  for (const file of [...checkpoint.files, ...extra].sort())
    files[file] = await sha256OfFile(join(checkpoint.folder, file));
  const { id, revision, modelType: architecture } = checkpoint;
  return { id, revision, architecture, parameters: null, files, dtype };
}
