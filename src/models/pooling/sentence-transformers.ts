import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';
import type { Role } from '../../core/model.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { ModuleReader } from './module-reader.js';
import type { SentenceModule } from './sentence-modules.js';

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
/** The tokenizer's limit applies where sentence_bert_config.json gives none; "no limit" is written as a huge number. */
const tokenizerSchema = z.looseObject({ model_max_length: z.number().positive().nullish() });
const promptsSchema = z.looseObject({
  prompts: z.record(z.string(), z.string().nullable()).default({}),
  default_prompt_name: z.string().nullish(),
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

function usableLength(length: number | null | undefined): number | null {
  return length != null && Number.isSafeInteger(length) && length < 1e9 ? length : null;
}

async function readIfThere<T>(folder: string, file: string, schema: z.ZodType<T>): Promise<T | null> {
  const path = join(folder, file);
  return (await exists(path)) ? readJson(path, schema, "sentence-transformers' settings") : null;
}
