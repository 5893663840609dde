import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { readWeights, type Checkpoint } from '../checkpoint/checkpoint.js';
import type { TensorSource } from '../checkpoint/tensors.js';
import type { SentenceTransformersMode } from './pooling-table.js';
import { poolingEntry, poolings, type Pooling } from './poolings.js';
import { denseActivations, type SentenceModule } from './sentence-modules.js';

/** Poolings that sentence-transformers supports, in the order in which it concatenates their vectors. */
const modes = poolings
  .map((pooling) => ({ pooling, mode: poolingEntry(pooling).sentenceTransformers }))
  .filter((entry): entry is { pooling: Pooling; mode: SentenceTransformersMode } => entry.mode !== null)
  .sort((a, b) => a.mode.order - b.mode.order);

const modeSchema = z.enum(modes.map(({ mode }) => mode.mode));
const poolingSchema = z.looseObject({
  pooling_mode: z.union([modeSchema, z.array(modeSchema).min(1)]).optional(),
  include_prompt: z.boolean().default(true),
});
const weightedSchema = z.looseObject({ position_start: z.int().nonnegative().default(0) });
const size = z.int().positive();
const layerNormSchema = z.looseObject({ dimension: size });
const denseSchema = z.looseObject({
  in_features: size,
  out_features: size,
  bias: z.boolean().default(true),
  activation_function: z.string().default('torch.nn.modules.activation.Tanh'),
  use_residual: z.literal(false).default(false),
  module_input_name: z.literal('sentence_embedding').default('sentence_embedding'),
});

/** Reads the modules listed in modules.json one by one, and collects their weights and file names. */
export class ModuleReader {
  readonly tensors: TensorSource[] = [];
  readonly files: string[] = [];
  /** True if every pooling read so far pools the tokens of a prompt, too (`include_prompt`). */
  includesPrompt = true;

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly modulesPath: string,
  ) {}

  /**
   * @param type the module's Python class
   * @param path the module's folder, relative to the model's
   * @returns the module's steps; none for a Dropout, which does nothing at inference
   */
  async read(type: string, path: string): Promise<SentenceModule[]> {
    const kind = type.split('.').at(-1)!;
    if (kind === 'Normalize') return [{ kind: 'normalize' }];
    if (kind === 'Dropout') return [];
    if (!/^[\w.-]+$/.test(path) || /^\.+$/.test(path))
      throw new InputError(`${this.modulesPath}: path "${path}" is not the name of a folder next to it`);
    if (kind === 'Pooling') return [await this.pooling(path)];
    if (kind === 'WeightedMeanPooling') return [await this.learnedWeights(path)];
    if (kind === 'Dense') return [await this.dense(path)];
    if (kind === 'LayerNorm') return [await this.layerNorm(path)];
    throw new InputError(
      `${this.modulesPath}: module ${type} is not supported; supported: Transformer, Pooling, WeightedMeanPooling, Dense, LayerNorm, Normalize, Dropout`,
    );
  }

  private async pooling(path: string): Promise<SentenceModule> {
    const config = await this.config(path, poolingSchema, "a Pooling's configuration");
    this.includesPrompt &&= config.include_prompt;
    return { kind: 'pooling', poolings: poolingsIn(config) };
  }

  private async learnedWeights(path: string): Promise<SentenceModule> {
    await this.config(path, weightedSchema, "a WeightedMeanPooling's configuration");
    const weights = await this.tensor(path, 'position_weights', 1);
    return { kind: 'learned-weights', weights: weights.name, positions: weights.shape[0]! };
  }

  private async dense(path: string): Promise<SentenceModule> {
    const config = await this.config(path, denseSchema, "a Dense's configuration");
    const name = config.activation_function.split('.').at(-1)!;
    if (!Object.hasOwn(denseActivations, name))
      throw new InputError(
        `${join(this.checkpoint.folder, path, 'config.json')}: field "activation_function": ${config.activation_function} is not supported; supported: ${Object.keys(denseActivations).join(', ')}`,
      );
    return {
      kind: 'dense',
      inputs: config.in_features,
      outputs: config.out_features,
      weight: (await this.tensor(path, 'linear.weight', 2)).name,
      bias: config.bias ? (await this.tensor(path, 'linear.bias', 1)).name : null,
      activation: denseActivations[name as keyof typeof denseActivations],
    };
  }

  private async layerNorm(path: string): Promise<SentenceModule> {
    const { dimension } = await this.config(path, layerNormSchema, "a LayerNorm's configuration");
    const [weight, bias] = [await this.tensor(path, 'norm.weight', 1), await this.tensor(path, 'norm.bias', 1)];
    return { kind: 'layernorm', size: dimension, weight: weight.name, bias: bias.name };
  }

  private config<T>(path: string, schema: z.ZodType<T>, description: string): Promise<T> {
    const file = `${path}/config.json`;
    this.files.push(file);
    return readJson(join(this.checkpoint.folder, file), schema, description);
  }

  /** Reads a tensor from a module's weight file and renames it to `path/name`. */
  private async tensor(path: string, name: string, dimensions: number): Promise<TensorSource> {
    const { tensors, files } = await readWeights(join(this.checkpoint.folder, path));
    const found = tensors.get(name);
    if (found?.shape.length !== dimensions)
      throw new InputError(
        `${join(this.checkpoint.folder, path)}: has no tensor "${name}" of ${dimensions} dimensions`,
      );
    const tensor = { ...found, name: `${path}/${name}` };
    this.tensors.push(tensor);
    for (const file of files) if (!this.files.includes(`${path}/${file}`)) this.files.push(`${path}/${file}`);
    return tensor;
  }
}

/** Poolings of a configuration: `pooling_mode`, or in older versions one flag per pooling. Without any flag, `mean`. */
function poolingsIn(config: z.infer<typeof poolingSchema>): readonly Pooling[] {
  const given = config.pooling_mode;
  if (given !== undefined) return [given].flat().map((name) => modes.find(({ mode }) => mode.mode === name)!.pooling);
  const flagged = modes.filter(({ mode }) => config[mode.flag] === true).map(({ pooling }) => pooling);
  return flagged.length === 0 ? ['mean'] : flagged;
}
