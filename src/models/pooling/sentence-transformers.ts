import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';
import type { EmbeddingView, Role } from '../../core/model.js';
import { readWeights, type Checkpoint } from '../checkpoint/checkpoint.js';
import type { TensorSource } from '../checkpoint/tensors.js';

/** The modes of sentence-transformers' Pooling. */
export const poolingModes = ['cls', 'max', 'mean', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken'] as const;
export type PoolingMode = (typeof poolingModes)[number];

/** What can follow the activation's name in a Dense's configuration. */
const activations = { Identity: null, Tanh: 'Tanh', ReLU: 'Relu', Sigmoid: 'Sigmoid', GELU: 'Gelu' } as const;

/** A step from the last hidden state to the vector. Weights are in the checkpoint under the names given here. */
export type SentenceModule =
  /** Several modes are concatenated. */
  | { readonly kind: 'pooling'; readonly modes: readonly PoolingMode[] }
  /** Σ wᵢ hᵢ / Σ wᵢ with a weight learned for each position: SGPT's WeightedMeanPooling. `weights` is [positions]. */
  | { readonly kind: 'learned-weights'; readonly weights: string; readonly positions: number }
  | {
      readonly kind: 'dense';
      readonly inputs: number;
      readonly outputs: number;
      readonly weight: string;
      readonly bias: string | null;
      /** The ONNX operator, null for none. */
      readonly activation: (typeof activations)[keyof typeof activations];
    }
  | { readonly kind: 'normalize' };

/** A vector made by the model's own modules from its last hidden state. */
export interface ModuleView extends EmbeddingView {
  readonly layer: number;
  readonly modules: readonly SentenceModule[];
}

/** What a sentence-transformers folder says beyond its transformer. */
export interface SentenceTransformer {
  /** The steps after the transformer, the first one a pooling. */
  readonly modules: readonly SentenceModule[];
  /** Longest input in tokens, special tokens included, or null where it says none. */
  readonly maxTokens: number | null;
  /** Whether texts are put into lower case before they are tokenised. */
  readonly lowerCase: boolean;
  /** Put before texts; "" for none. */
  readonly prompts: Readonly<Record<Role, string>>;
  /** The checkpoint with the modules' weights and files. */
  readonly checkpoint: Checkpoint;
}

const modulesSchema = z.array(z.looseObject({ type: z.string(), path: z.string() }));
const lengthSchema = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().default(false),
});
/** Where a model was not told, its tokenizer was: "no limit" is written as a number beyond any length. */
const tokenizerSchema = z.looseObject({ model_max_length: z.number().positive().nullish() });
const promptsSchema = z.looseObject({
  prompts: z.record(z.string(), z.string().nullable()).default({}),
  default_prompt_name: z.string().nullish(),
});
const modeSchema = z.enum(poolingModes);
const poolingSchema = z.looseObject({
  pooling_mode: z.union([modeSchema, z.array(modeSchema).min(1)]).optional(),
  include_prompt: z.boolean().default(true),
});
const weightedSchema = z.looseObject({ position_start: z.int().nonnegative().default(0) });
const size = z.int().positive();
const denseSchema = z.looseObject({
  in_features: size,
  out_features: size,
  bias: z.boolean().default(true),
  activation_function: z.string().default('torch.nn.modules.activation.Tanh'),
  use_residual: z.literal(false).default(false),
  module_input_name: z.literal('sentence_embedding').default('sentence_embedding'),
});

/**
 * Reads modules.json and what it names: sentence-transformers' description of what follows the transformer.
 * @returns null for a folder without modules.json
 * @throws InputError for a module that is not known or whose configuration does not fit
 */
export async function readSentenceTransformer(checkpoint: Checkpoint): Promise<SentenceTransformer | null> {
  const modulesPath = join(checkpoint.folder, 'modules.json');
  if (!(await exists(modulesPath))) return null;
  const [transformer, ...steps] = await readJson(modulesPath, modulesSchema, "sentence-transformers' list of modules");
  if (transformer?.type.endsWith('.Transformer') !== true)
    throw new InputError(`${modulesPath}: begins with ${transformer?.type ?? 'nothing'}; expected a Transformer`);
  if (transformer.path !== '')
    throw new InputError(
      `${modulesPath}: its transformer is in the folder "${transformer.path}"; use ${join(checkpoint.folder, transformer.path)} and say --pooling`,
    );
  const reader = new ModuleReader(checkpoint, modulesPath);
  const modules: SentenceModule[] = [];
  for (const { type, path } of steps) modules.push(...(await reader.read(type, path)));
  const first = modules[0]?.kind;
  if (first !== 'pooling' && first !== 'learned-weights')
    throw new InputError(`${modulesPath}: has ${first ?? 'nothing'} after the transformer; expected a pooling`);
  const lengths = await readIfThere(checkpoint.folder, 'sentence_bert_config.json', lengthSchema);
  const tokenizer = await readIfThere(checkpoint.folder, 'tokenizer_config.json', tokenizerSchema);
  const texts = await readIfThere(checkpoint.folder, 'config_sentence_transformers.json', promptsSchema);
  const prompts = promptsByRole(texts?.prompts ?? {}, texts?.default_prompt_name ?? null);
  if (!reader.includesPrompt && (prompts.query !== '' || prompts.document !== ''))
    throw new InputError(`${modulesPath}: its pooling leaves the prompt out (include_prompt), which is not supported`);
  const read = ['sentence_bert_config.json', 'config_sentence_transformers.json'].filter(
    (_, i) => [lengths, texts][i] !== null,
  );
  return {
    modules,
    maxTokens: lengths?.max_seq_length ?? usableLength(tokenizer?.model_max_length),
    lowerCase: lengths?.do_lower_case ?? false,
    prompts,
    checkpoint: {
      ...checkpoint,
      tensors: new Map([...checkpoint.tensors, ...reader.tensors.map((tensor) => [tensor.name, tensor] as const)]),
      files: [...checkpoint.files, 'modules.json', ...read, ...reader.files],
    },
  };
}

/** The view that the modules make: `mean`, `mean+dense+normalize`, `cls+max` … */
export function moduleView(
  modules: readonly SentenceModule[],
  model: { readonly layers: number; readonly outputSize: number },
): ModuleView {
  const names = modules.flatMap((module): readonly string[] =>
    module.kind === 'pooling' ? module.modes : [module.kind],
  );
  const name = names.join('+');
  let dimensions = model.outputSize;
  for (const module of modules) {
    if (module.kind === 'pooling') dimensions *= module.modes.length;
    if (module.kind !== 'dense') continue;
    if (module.inputs !== dimensions)
      throw new InputError(`${module.weight}: takes ${module.inputs} dimensions, but ${dimensions} come before it`);
    dimensions = module.outputs;
  }
  return { name, pooling: name, layer: model.layers, dimensions, modules };
}

/** How sentence-transformers' encode_query and encode_document choose among a model's prompts. */
function promptsByRole(
  prompts: Readonly<Record<string, string | null>>,
  byDefault: string | null,
): Record<Role, string> {
  const first = (names: readonly (string | null)[]): string => {
    const found = names.find((name) => name !== null && Object.hasOwn(prompts, name));
    return (found == null ? null : prompts[found]) ?? '';
  };
  return { query: first(['query', byDefault]), document: first(['document', 'passage', 'corpus', byDefault]) };
}

/** Reads modules one after another and keeps their weights and files. */
class ModuleReader {
  readonly tensors: TensorSource[] = [];
  readonly files: string[] = [];
  includesPrompt = true;

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly modulesPath: string,
  ) {}

  async read(type: string, path: string): Promise<SentenceModule[]> {
    const kind = type.split('.').at(-1)!;
    if (kind === 'Normalize') return [{ kind: 'normalize' }];
    if (kind === 'Dropout') return [];
    if (!/^[\w.-]+$/.test(path) || /^\.+$/.test(path))
      throw new InputError(`${this.modulesPath}: path "${path}" is not the name of a folder beside it`);
    if (kind === 'Pooling') return [await this.pooling(path)];
    if (kind === 'WeightedMeanPooling') return [await this.learnedWeights(path)];
    if (kind === 'Dense') return [await this.dense(path)];
    throw new InputError(
      `${this.modulesPath}: module ${type} is not supported; supported: Transformer, Pooling, WeightedMeanPooling, Dense, Normalize, Dropout`,
    );
  }

  private async pooling(path: string): Promise<SentenceModule> {
    const config = await this.config(path, poolingSchema, "a Pooling's configuration");
    this.includesPrompt &&= config.include_prompt;
    const given = config.pooling_mode;
    if (given !== undefined) return { kind: 'pooling', modes: typeof given === 'string' ? [given] : given };
    // Until sentence-transformers 5: a flag for each mode, concatenated in this order.
    const modes = poolingModes.filter((mode) => config[flagOf(mode)] === true);
    return { kind: 'pooling', modes: modes.length === 0 ? ['mean'] : modes };
  }

  private async learnedWeights(path: string): Promise<SentenceModule> {
    await this.config(path, weightedSchema, "a WeightedMeanPooling's configuration");
    const weights = await this.tensor(path, 'position_weights', 1);
    return { kind: 'learned-weights', weights: weights.name, positions: weights.shape[0]! };
  }

  private async dense(path: string): Promise<SentenceModule> {
    const config = await this.config(path, denseSchema, "a Dense's configuration");
    const name = config.activation_function.split('.').at(-1)!;
    if (!Object.hasOwn(activations, name))
      throw new InputError(
        `${join(this.checkpoint.folder, path, 'config.json')}: field "activation_function": ${config.activation_function} is not supported; supported: ${Object.keys(activations).join(', ')}`,
      );
    return {
      kind: 'dense',
      inputs: config.in_features,
      outputs: config.out_features,
      weight: (await this.tensor(path, 'linear.weight', 2)).name,
      bias: config.bias ? (await this.tensor(path, 'linear.bias', 1)).name : null,
      activation: activations[name as keyof typeof activations],
    };
  }

  private config<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
    const file = `${path}/config.json`;
    this.files.push(file);
    return readJson(join(this.checkpoint.folder, file), schema, what);
  }

  /** A tensor of a module's own weights, named `path/name` from here on. */
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

function flagOf(mode: PoolingMode): string {
  if (mode === 'cls') return 'pooling_mode_cls_token';
  return mode === 'mean_sqrt_len_tokens' || mode === 'lasttoken'
    ? `pooling_mode_${mode}`
    : `pooling_mode_${mode}_tokens`;
}

function usableLength(length: number | null | undefined): number | null {
  return length != null && Number.isSafeInteger(length) && length < 1e9 ? length : null;
}

async function readIfThere<T>(folder: string, file: string, schema: z.ZodType<T>): Promise<T | null> {
  const path = join(folder, file);
  return (await exists(path)) ? readJson(path, schema, "sentence-transformers' settings") : null;
}
