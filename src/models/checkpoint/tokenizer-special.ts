import { z } from 'zod';
import { InputError } from '../../core/errors.js';

const token = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();

/** Fields of tokenizer_config.json about the tokens around a text. */
export const specialTokenFields = {
  tokenizer_class: z.string().nullish(),
  add_bos_token: z.boolean().nullish(),
  add_eos_token: z.boolean().nullish(),
  ...{ bos_token: token, eos_token: token },
};
type SpecialTokenConfig = Partial<z.infer<z.ZodObject<typeof specialTokenFields>>>;

/** Ids of the tokens before and after a text. */
export interface SpecialTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Classes that put their tokens as tokenizer_config.json says, whatever the post-processor of tokenizer.json does. */
const obeysFlags = /^(Llama|CodeLlama|Gemma)Tokenizer(Fast)?$/;

/**
 * The tokens around a text, as transformers puts them: those of the post-processor, which `add_bos_token` and
 * `add_eos_token` replace for LLaMA's and Gemma's classes.
 * @param processed what the post-processor puts
 * @throws InputError if another class's flag asks for a token that the post-processor does not put: versions of
 * transformers differ about it
 */
export function specialTokens(
  path: string,
  config: SpecialTokenConfig,
  processed: SpecialTokens,
  idOf: (token: string) => number | undefined,
): SpecialTokens {
  const idsOf = (field: 'bos_token' | 'eos_token'): number[] => {
    const given = config[field];
    const id = given == null ? undefined : idOf(typeof given === 'string' ? given : given.content);
    if (id !== undefined) return [id];
    throw new InputError(`${path}: add_${field} is true, but its ${field} is not in the vocabulary`);
  };
  const { add_bos_token: bos = null, add_eos_token: eos = null } = config;
  if (obeysFlags.test(config.tokenizer_class ?? '') && (bos !== null || eos !== null))
    return { before: (bos ?? true) ? idsOf('bos_token') : [], after: (eos ?? false) ? idsOf('eos_token') : [] };
  if ((bos === true && processed.before.length === 0) || (eos === true && processed.after.length === 0))
    throw new InputError(
      `${path}: add_${eos === true ? 'eos' : 'bos'}_token is true, but the post_processor of tokenizer.json puts no such token, ` +
        'about which versions of transformers differ; let tokenizer.json put it, or write false',
    );
  return processed;
}
