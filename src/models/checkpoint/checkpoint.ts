import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { exists, kindOf, readJson, sha256OfFile } from '../../io/files.js';
import type { ModelInfo } from '../../core/model.js';
import { readSafetensorsHeader } from './safetensors.js';
import { elements, type TensorSource, type TensorTable } from './tensors.js';
import { readTorchWeights } from './torch-legacy.js';

/** A model folder in the Hugging Face layout. Headers have been read; the weights stay on disk. */
export interface Checkpoint {
  readonly folder: string;
  /** Hub id, or the folder's name. */
  readonly id: string;
  /** Hub commit, or null for a local folder. */
  readonly revision: string | null;
  /** `_name_or_path` of config.json: where the saved model had been loaded from; "" if missing. */
  readonly nameOrPath: string;
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly configPath: string;
  readonly tensors: TensorTable;
  /** Files that the model is read from, relative to the folder. */
  readonly files: readonly string[];
  /** SHA-256 of files that lie elsewhere: those of the model that an adapter changes, under `ID/FILE`. */
  readonly otherHashes?: Readonly<Record<string, string>>;
}

const configSchema = z.looseObject({ model_type: z.string(), _name_or_path: z.string().nullish() });
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a folder with config.json and model.safetensors or pytorch_model.bin, each in one file or in shards with an
 * index.
 * @param name id and revision of the model. Default: the folder's name, and null
 * @throws InputError for a missing or broken folder or file
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
  const { configFile, modelType, nameOrPath } = await readConfig(absolute);
  const configPath = join(absolute, configFile);
  const { tensors, files } = await readWeights(absolute);
  const { id, revision } = name ?? { id: basename(absolute), revision: null };
  return {
    ...{ folder: absolute, id, revision, nameOrPath, modelType, configPath, tensors },
    files: [configFile, ...files],
  };
}

const modulesSchema = z.array(z.looseObject({ type: z.string() }));

/** Reads config.json; a model that is only a table of embeddings may have modules.json alone. */
async function readConfig(
  folder: string,
): Promise<Pick<Checkpoint, 'modelType' | 'nameOrPath'> & { readonly configFile: string }> {
  const modules = join(folder, 'modules.json');
  if (!(await exists(join(folder, 'config.json'))) && (await exists(modules))) {
    const [first] = await readJson(modules, modulesSchema, "sentence-transformers' list of modules");
    if (first?.type.endsWith('.StaticEmbedding') === true)
      return { configFile: 'modules.json', modelType: 'static-embedding', nameOrPath: '' };
  }
  const config = await readJson(join(folder, 'config.json'), configSchema, "a Hugging Face model's configuration");
  return { configFile: 'config.json', modelType: config.model_type, nameOrPath: config._name_or_path ?? '' };
}

/** A folder's config.json, as members of a {@link Checkpoint}. */
export async function readConfigOf(folder: string): Promise<Pick<Checkpoint, 'configPath' | 'modelType'>> {
  const { configFile, modelType } = await readConfig(folder);
  return { configPath: join(folder, configFile), modelType };
}

/** The tensors of a folder, and the files that contain them. */
interface WeightFiles {
  readonly tensors: TensorTable;
  readonly files: readonly string[];
}

/** Supported weight files, the preferred format first, each with the reader of its header. */
const weightFormats = [
  { single: 'model.safetensors', index: 'model.safetensors.index.json', read: readSafetensorsHeader },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', read: readTorchWeights },
] as const;

/** True if the folder has weights in a supported format. */
export async function hasWeights(folder: string): Promise<boolean> {
  const files = weightFormats.flatMap(({ single, index }) => [single, index]);
  const present = await Promise.all(files.map((file) => exists(join(folder, file))));
  return present.includes(true);
}

/** Reads the header of a LoRA adapter's weights. */
export async function readAdapterWeights(folder: string): Promise<WeightFiles> {
  for (const { extension, read } of [
    { extension: 'safetensors', read: readSafetensorsHeader },
    { extension: 'bin', read: readTorchWeights },
  ]) {
    const file = `adapter_model.${extension}`;
    if (await exists(join(folder, file)))
      return { tensors: tensorTable(await read(join(folder, file))), files: [file] };
  }
  throw new InputError(`${folder}: has no weights; expected adapter_model.safetensors or adapter_model.bin`);
}

/** Reads the headers of a folder's weight files. */
export async function readWeights(folder: string): Promise<WeightFiles> {
  for (const { single, index, read } of weightFormats) {
    const path = join(folder, single);
    if (await exists(path)) return { tensors: tensorTable(await read(path)), files: [single] };
    if (await exists(join(folder, index))) return readShards(folder, index, read);
  }
  const names = weightFormats.map(({ single }) => single).join(' or ');
  throw new InputError(`${folder}: has no weights; expected ${names}, or its shards with their index`);
}

async function readShards(
  folder: string,
  index: string,
  read: (path: string) => Promise<TensorSource[]>,
): Promise<WeightFiles> {
  const indexPath = join(folder, index);
  const { weight_map: shardOf } = await readJson(indexPath, indexSchema, 'an index of shards');
  const shards = [...new Set(Object.values(shardOf))].sort();
  const tensors: TensorSource[] = [];
  for (const shard of shards) {
    if (basename(shard) !== shard || shard === '..')
      throw new InputError(`${indexPath}: shard "${shard}" is not the name of a file in the same folder`);
    tensors.push(...(await read(join(folder, shard))));
  }
  const byName = tensorTable(tensors);
  for (const [name, shard] of Object.entries(shardOf)) {
    if (!byName.has(name))
      throw new InputError(`${indexPath}: tensor "${name}" is not in ${shard}, which the index names for it`);
  }
  return { tensors: byName, files: [index, ...shards] };
}

function tensorTable(tensors: readonly TensorSource[]): TensorTable {
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

/**
 * The model's description for result records. Reads every file once to hash it.
 * @param extraFiles files read besides the checkpoint's own (the tokenizer's), relative to the folder
 * @param isParameter returns false for a tensor that is not a parameter: a saved buffer, or a head tied to the
 * embedding
 */
export async function modelInfo(
  checkpoint: Checkpoint,
  extraFiles: readonly string[],
  isParameter: (tensor: string) => boolean,
  dtype: string,
): Promise<ModelInfo> {
  const files: Record<string, string> = { ...checkpoint.otherHashes };
  for (const file of [...checkpoint.files, ...extraFiles].sort())
    files[file] = await sha256OfFile(join(checkpoint.folder, file));
  let parameters = 0;
  for (const tensor of checkpoint.tensors.values()) if (isParameter(tensor.name)) parameters += elements(tensor);
  const { id, revision, modelType: architecture } = checkpoint;
  return { id, revision, architecture, parameters, files, dtype };
}
