import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';
import { similarities, type Similarity } from '../../core/system-fields.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { ModuleReader } from './module-reader.js';
import type { SentenceModule } from './sentence-modules.js';

/** Prompts of a model's own files. */
export interface NamedPrompts {
  readonly byName: Readonly<Record<string, string>>;
  /** `default_prompt_name`: the prompt of texts that are neither queries nor documents. */
  readonly byDefault: string | null;
  /** True if none of them has any text. */
  readonly isEmpty: boolean;
}

export const noPrompts: NamedPrompts = { byName: {}, byDefault: null, isEmpty: true };

/** Settings of a sentence-transformers folder beyond the transformer itself. */
export interface SentenceTransformer {
  /** Steps after the transformer; the first is a pooling. */
  readonly modules: readonly SentenceModule[];
  /** Longest input in tokens, special tokens included; null if the folder gives none. */
  readonly maxTokens: number | null;
  /** True if texts are converted to lower case before tokenisation. */
  readonly lowerCase: boolean;
  readonly prompts: NamedPrompts;
  /** False if the tokens of a prompt are not pooled (`include_prompt`). */
  readonly poolsPrompt: boolean;
  /** `similarity_fn_name`; null if the folder does not say. */
  readonly similarity: Similarity | null;
  /** The checkpoint, with the modules' weights and files added. */
  readonly checkpoint: Checkpoint;
}

const modulesSchema = z.array(z.looseObject({ type: z.string(), path: z.string() }));
const lengthSchema = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().default(false),
});
/** The tokenizer's limit applies if sentence_bert_config.json gives none; "no limit" is written as a huge number. */
const tokenizerSchema = z.looseObject({ model_max_length: z.number().positive().nullish() });
const promptsSchema = z.looseObject({
  prompts: z.record(z.string(), z.string().nullable()).default({}),
  default_prompt_name: z.string().nullish(),
  similarity_fn_name: z.enum(similarities).nullish(),
});

/**
 * Reads modules.json, which lists the modules after the transformer, and their configurations and weights.
 * @returns null for a folder without modules.json
 * @throws InputError for an unknown module or an invalid configuration
 */
export async function readSentenceTransformer(checkpoint: Checkpoint): Promise<SentenceTransformer | null> {
  const modulesPath = join(checkpoint.folder, 'modules.json');
  if (!(await exists(modulesPath))) return null;
  const [transformer, ...steps] = await readJson(modulesPath, modulesSchema, "sentence-transformers' list of modules");
  const isStatic = transformer?.type.endsWith('.StaticEmbedding') === true;
  if (transformer === undefined || !(isStatic || transformer.type.endsWith('.Transformer')))
    throw new InputError(
      `${modulesPath}: begins with ${transformer?.type ?? 'nothing'}; expected a Transformer or a StaticEmbedding`,
    );
  if (transformer.path !== '' && !(isStatic && transformer.path === '.'))
    throw new InputError(
      `${modulesPath}: its transformer is in the folder "${transformer.path}"; use ${join(checkpoint.folder, transformer.path)} as the model and add --pooling`,
    );
  const reader = new ModuleReader(checkpoint, modulesPath);
  // A static embedding pools by itself.
  const modules: SentenceModule[] = isStatic ? [{ kind: 'pooling', poolings: ['mean'] }] : [];
  for (const { type, path } of steps) modules.push(...(await reader.read(type, path)));
  const first = modules[0]?.kind;
  if (first !== 'pooling' && first !== 'learned-weights')
    throw new InputError(`${modulesPath}: has ${first ?? 'nothing'} after the transformer; expected a pooling`);
  const { files, ...settings } = await readSentenceSettings(checkpoint.folder);
  return {
    modules,
    ...settings,
    maxTokens: isStatic ? null : settings.maxTokens,
    poolsPrompt: reader.includesPrompt,
    checkpoint: {
      ...checkpoint,
      tensors: new Map([...checkpoint.tensors, ...reader.tensors.map((tensor) => [tensor.name, tensor] as const)]),
      files: [...new Set([...checkpoint.files, 'modules.json', ...files, ...reader.files])],
    },
  };
}

/** The part of a folder's settings that is not about its modules, and the files that it was read from. */
export async function readSentenceSettings(
  folder: string,
): Promise<Pick<SentenceTransformer, 'maxTokens' | 'lowerCase' | 'prompts' | 'similarity'> & { files: string[] }> {
  const lengths = await readIfPresent(folder, 'sentence_bert_config.json', lengthSchema);
  const tokenizer = await readIfPresent(folder, 'tokenizer_config.json', tokenizerSchema);
  const config = await readIfPresent(folder, 'config_sentence_transformers.json', promptsSchema);
  return {
    maxTokens: lengths?.max_seq_length ?? usableLength(tokenizer?.model_max_length),
    lowerCase: lengths?.do_lower_case ?? false,
    prompts: namedPrompts(config?.prompts ?? {}, config?.default_prompt_name ?? null),
    similarity: config?.similarity_fn_name ?? null,
    files: ['sentence_bert_config.json', 'config_sentence_transformers.json'].filter(
      (_, i) => [lengths, config][i] !== null,
    ),
  };
}

/** The prompts of config_sentence_transformers.json; null is written there for none. */
function namedPrompts(prompts: Readonly<Record<string, string | null>>, byDefault: string | null): NamedPrompts {
  const byName = Object.fromEntries(Object.entries(prompts).map(([name, prompt]) => [name, prompt ?? '']));
  return { byName, byDefault, isEmpty: Object.values(byName).every((prompt) => prompt === '') };
}

function usableLength(length: number | null | undefined): number | null {
  return length != null && Number.isSafeInteger(length) && length < 1e9 ? length : null;
}

async function readIfPresent<T>(folder: string, file: string, schema: z.ZodType<T>): Promise<T | null> {
  const path = join(folder, file);
  return (await exists(path)) ? readJson(path, schema, "sentence-transformers' settings") : null;
}
