import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { exists, kindOf, readJson, sha256OfFile } from '../../io/files.js';
import type { ModelInfo } from '../../core/model.js';
import { readSafetensorsHeader } from './safetensors.js';
import { elements, type TensorSource, type TensorTable } from './tensors.js';
import { readTorchZip } from './torch-zip.js';

/** A model folder in the Hugging Face layout, its headers read and its weights left on disk. */
export interface Checkpoint {
  readonly folder: string;
  /** Hub id, or the folder's name. */
  readonly id: string;
  /** Hub commit, or null for a folder. */
  readonly revision: string | null;
  /** `_name_or_path` of config.json: what the model was loaded from when it was saved; "" where it does not say. */
  readonly nameOrPath: string;
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly configPath: string;
  readonly tensors: TensorTable;
  /** The files the model is read from, relative to the folder. */
  readonly files: readonly string[];
}

const configSchema = z.looseObject({ model_type: z.string(), _name_or_path: z.string().nullish() });
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a folder with config.json and model.safetensors or pytorch_model.bin, either as shards with their index.
 * @param name what the model is called, where the folder's name is not it
 * @throws InputError for a folder or file that is missing or broken
 */
export async function openCheckpoint(folder: string, name?: Pick<Checkpoint, 'id' | 'revision'>): Promise<Checkpoint> {
  const absolute = resolve(folder);
  const kind = await kindOf(absolute);
  if (kind !== 'folder')
    throw new InputError(
      kind === 'missing'
        ? `${folder}: there is no such folder; expected a model folder with config.json and weights`
        : `${folder}: is a file; expected the model folder that holds config.json and weights`,
    );
  const configPath = join(absolute, 'config.json');
  const config = await readJson(configPath, configSchema, "a Hugging Face model's configuration");
  const { model_type: modelType, _name_or_path: nameOrPath } = config;
  const { tensors, files } = await readWeights(absolute);
  const { id, revision } = name ?? { id: basename(absolute), revision: null };
  return {
    ...{ folder: absolute, id, revision, nameOrPath: nameOrPath ?? '', modelType, configPath, tensors },
    files: ['config.json', ...files],
  };
}

interface Weights {
  readonly tensors: TensorTable;
  readonly files: readonly string[];
}

/** The files weights may be in, the better first, and what reads each one's header. */
const weightFormats = [
  { single: 'model.safetensors', index: 'model.safetensors.index.json', read: readSafetensorsHeader },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', read: readTorchZip },
] as const;

/** Whether a folder has weights in a format that can be read. */
export async function hasWeights(folder: string): Promise<boolean> {
  const files = weightFormats.flatMap(({ single, index }) => [single, index]);
  const found = await Promise.all(files.map((file) => exists(join(folder, file))));
  return found.includes(true);
}

/** The weights of a folder: their places, and the files they are in. */
export async function readWeights(folder: string): Promise<Weights> {
  for (const { single, index, read } of weightFormats) {
    const path = join(folder, single);
    if (await exists(path)) return { tensors: table(await read(path)), files: [single] };
    if (await exists(join(folder, index))) return readShards(folder, index, read);
  }
  const names = weightFormats.map(({ single }) => single).join(' or ');
  throw new InputError(`${folder}: has no weights; expected ${names}, or its shards with their index`);
}

async function readShards(
  folder: string,
  index: string,
  read: (path: string) => Promise<TensorSource[]>,
): Promise<Weights> {
  const indexPath = join(folder, index);
  const { weight_map: shardOf } = await readJson(indexPath, indexSchema, 'an index of shards');
  const shards = [...new Set(Object.values(shardOf))].sort();
  const tensors: TensorSource[] = [];
  for (const shard of shards) {
    if (basename(shard) !== shard || shard === '..')
      throw new InputError(`${indexPath}: shard "${shard}" is not the name of a file in the same folder`);
    tensors.push(...(await read(join(folder, shard))));
  }
  const found = table(tensors);
  for (const [name, shard] of Object.entries(shardOf)) {
    if (!found.has(name))
      throw new InputError(`${indexPath}: tensor "${name}" is not in ${shard}, where the index has it`);
  }
  return { tensors: found, files: [index, ...shards] };
}

function table(tensors: readonly TensorSource[]): TensorTable {
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

/**
 * What a record says of the model. Reads every file once for its hash.
 * @param extraFiles files read besides the checkpoint's own (the tokenizer's), relative to the folder
 * @param ignored names of tensors that are no parameters: saved buffers, heads tied to the embedding
 */
export async function modelInfo(
  checkpoint: Checkpoint,
  extraFiles: readonly string[],
  ignored: (name: string) => boolean,
  dtype: string,
): Promise<ModelInfo> {
  const files: Record<string, string> = {};
  for (const file of [...checkpoint.files, ...extraFiles].sort())
    files[file] = await sha256OfFile(join(checkpoint.folder, file));
  let parameters = 0;
  for (const tensor of checkpoint.tensors.values()) if (!ignored(tensor.name)) parameters += elements(tensor);
  const { id, revision, modelType: architecture } = checkpoint;
  return { id, revision, architecture, parameters, files, dtype };
}
