import { join, resolve } from 'node:path';
import { InputError, messageOf } from '../../core/errors.js';
import type { Progress } from '../../core/progress.js';
import { cacheFolder } from '../../io/cache-folder.js';
import { exists, kindOf, sha256, sha256OfFile, writeFileAtomic } from '../../io/files.js';
import type { Architecture } from '../architectures/index.js';
import { openCheckpoint, readAdapterWeights, readConfigOf, type Checkpoint } from '../checkpoint/checkpoint.js';
import { readSafetensorsHeader } from '../checkpoint/safetensors.js';
import { elements, type TensorSource, type TensorTable } from '../checkpoint/tensors.js';
import { locateModel, type ModelLocation } from '../hub/index.js';
import { readFloats } from '../quantization/tensor-values.js';
import { adapterConfigFile, adapterScale, type AdapterConfig } from './adapter-config.js';

/** To be increased when the results of merging change. */
const mergeVersion = 1;

/** A change of one of the base's tensors: LoRA's two matrices, or another tensor in its place. */
type Change =
  | { readonly a: TensorSource; readonly b: TensorSource; readonly scale: number }
  | { readonly replacement: TensorSource };

/** Opens the model that an adapter changes: a folder, relative to the adapter's or not, or a hub id. */
export async function openBase(
  { base_model_name_or_path: base, revision }: AdapterConfig,
  folder: string,
  progress?: Progress,
): Promise<Checkpoint> {
  const beside = resolve(folder, base);
  const name = (await kindOf(beside)) === 'folder' ? beside : revision == null ? base : `${base}@${revision}`;
  try {
    const location = await locateModel(name, { progress });
    const checkpoint = await openCheckpoint(location.folder, location);
    // An adapter's own config.json may ask for another class.
    return (await exists(join(folder, 'config.json')))
      ? { ...checkpoint, ...(await readConfigOf(folder)) }
      : checkpoint;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${join(folder, adapterConfigFile)}: the base model "${base}" cannot be opened: ${error.message}`,
    );
  }
}

/**
 * Merges a LoRA adapter (Hu et al. 2022) into its base: W + s B A in float32, for each weight that it changes, and tensors
 * that it saves whole. The merged tensors are kept in the cache, under the hashes of both models' files.
 * @throws InputError for a tensor of the adapter that does not fit the base
 */
export async function mergeAdapter(
  { folder, id, revision }: ModelLocation,
  config: AdapterConfig,
  { base, architecture }: { readonly base: Checkpoint; readonly architecture: Architecture },
): Promise<Checkpoint> {
  const adapter = await readAdapterWeights(folder);
  const hasConfig = await exists(join(folder, 'config.json'));
  const files = [...(hasConfig ? ['config.json'] : []), adapterConfigFile, ...adapter.files];
  const baseHashes: Record<string, string> = {};
  for (const file of base.files) baseHashes[`${base.id}/${file}`] = await sha256OfFile(join(base.folder, file));
  const hashes: Record<string, string> = { ...baseHashes };
  for (const file of files) hashes[file] = await sha256OfFile(join(folder, file));
  const key = sha256(JSON.stringify(Object.entries(hashes).sort(([a], [b]) => (a < b ? -1 : 1))));
  const path = join(cacheFolder(), `merged-${mergeVersion}`, key, 'model.safetensors');
  if (!(await exists(path))) {
    const changes = changesOf(join(folder, adapter.files[0]!), adapter.tensors, config, { base, architecture });
    await writeMerged(path, base.tensors, changes, config.fan_in_fan_out === true);
  }
  const merged = await readSafetensorsHeader(path);
  return {
    ...base,
    ...{ folder, id, revision, nameOrPath: base.id, files, otherHashes: baseHashes },
    tensors: new Map([...base.tensors, ...merged.map((tensor) => [tensor.name, tensor] as const)]),
  };
}

/** The changes of an adapter, by the names of the base's tensors. */
function changesOf(
  path: string,
  tensors: TensorTable,
  config: AdapterConfig,
  { base, architecture }: { readonly base: Checkpoint; readonly architecture: Architecture },
): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const tensor of tensors.values()) {
    const name = tensor.name.replace(/^base_model\.model\./, '');
    if (name.endsWith('.lora_B.weight')) continue;
    const module = name.replace(/\.lora_A\.weight$/, '');
    if (module === name) {
      const saved = config.modules_to_save?.some((one) => `.${name}`.includes(`.${one}.`)) === true;
      if (!saved)
        throw new InputError(
          `${path}: tensor "${tensor.name}" is not supported; expected lora_A, lora_B or modules_to_save`,
        );
      const target = targetOf(name, base, architecture);
      requireShape(path, tensor, target.shape, `"${target.name}"`);
      changes.set(target.name, { replacement: tensor });
      continue;
    }
    const b = tensors.get(tensor.name.replace(/lora_A\.weight$/, 'lora_B.weight'));
    if (b === undefined) throw new InputError(`${path}: tensor "${tensor.name}" has no lora_B beside it`);
    const target = targetOf(`${module}.weight`, base, architecture);
    const rank = tensor.shape[0] ?? 0;
    const [outputs, inputs] = config.fan_in_fan_out === true ? [...target.shape].reverse() : target.shape;
    requireShape(path, tensor, [rank, inputs!], `"${target.name}"`);
    requireShape(path, b, [outputs!, rank], `"${target.name}"`);
    changes.set(target.name, { a: tensor, b, scale: adapterScale(config, module, rank) });
  }
  return changes;
}

/** The base's tensor of that name, with another prefix if need be: an adapter may be made for the bare model. */
function targetOf(name: string, { tensors, folder }: Checkpoint, { prefixes }: Architecture): TensorSource {
  const bare = prefixes.filter((prefix) => name.startsWith(prefix)).map((prefix) => name.slice(prefix.length));
  const names = [name, ...[name, ...bare].flatMap((one) => prefixes.map((prefix) => prefix + one))];
  const found = names.find((one) => tensors.has(one));
  if (found !== undefined) return tensors.get(found)!;
  throw new InputError(`${folder}: has no tensor "${name}", which the adapter changes; the base of another adapter?`);
}

function requireShape(path: string, { name, shape }: TensorSource, expected: readonly number[], target: string): void {
  if (shape.length === expected.length && shape.every((size, i) => size === expected[i])) return;
  throw new InputError(
    `${path}: tensor "${name}" has shape [${shape.join(', ')}]; the base's ${target} needs [${expected.join(', ')}]`,
  );
}

/** Writes the changed tensors in float32, one after another. */
async function writeMerged(
  path: string,
  base: TensorTable,
  changes: ReadonlyMap<string, Change>,
  transposed: boolean,
): Promise<void> {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const name of changes.keys()) {
    const { shape } = base.get(name)!;
    const end = offset + 4 * elements({ shape });
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  async function* content(): AsyncGenerator<Uint8Array> {
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    yield Buffer.concat([length, text]);
    for (const [name, change] of changes) {
      const values = await mergedValues(base.get(name)!, change, transposed);
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    }
  }
  try {
    await writeFileAtomic(path, content());
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      `${path}: the merged weights cannot be written (${messageOf(error)}); set SGPT_BENCH_CACHE to another folder`,
    );
  }
}

/** W + s B A, rounded as in float32 arithmetic. */
async function mergedValues(target: TensorSource, change: Change, transposed: boolean): Promise<Float32Array> {
  if ('replacement' in change) return readFloats(change.replacement);
  const [weights, a, b] = [await readFloats(target), await readFloats(change.a), await readFloats(change.b)];
  const [rank, inputs] = change.a.shape as [number, number];
  const outputs = change.b.shape[0]!;
  const row = new Float64Array(inputs);
  for (let output = 0; output < outputs; output++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = b[output * rank + k]!;
      for (let input = 0; input < inputs; input++) row[input]! += factor * a[k * inputs + input]!;
    }
    for (let input = 0; input < inputs; input++) {
      const at = transposed ? input * outputs + output : output * inputs + input;
      weights[at]! += Math.fround(Math.fround(row[input]!) * change.scale);
    }
  }
  return weights;
}
