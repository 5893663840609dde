import { InputError } from '../core/errors.js';
import type { Role } from '../core/model.js';
import type { Settings } from '../core/setting.js';
import { completeFields, modelSettings, type FieldValues } from '../core/system-spec.js';
import { pythonStrip } from '../core/text.js';
import {
  bracketIds,
  noPrompts,
  parseMarks,
  promptedIds,
  resolveBrackets,
  resolvePrompts,
  textIds,
  tokenLimit,
  type ModelPrompts,
} from '../models/index.js';
import { openRemoteModel, type RemoteContext, type RemoteModel, type RemoteOptions } from './remote-model.js';

/** Fields of a system that say what is put around a text, and how long the vectors are. */
const inputFields = [
  ...(['brackets', 'embedPrompt', 'queryPrompt', 'documentPrompt', 'instruction', 'dimensions'] as const),
] as const;

/** Brackets are token ids, so they need `tokenizer`; prompts are text. */
export interface RemoteEncoderOptions extends RemoteOptions, FieldValues<(typeof inputFields)[number]> {
  /** The profile's limit of tokens per text, null for none; needs `tokenizer`. The model's own limit is `maxTokens`. */
  readonly tokenLimit: number | null;
}

/** The text or the token ids that are sent. */
export type Input = string | readonly number[];

/** An input, and what is known of it; the server may truncate a text without saying so. */
export interface PreparedInput {
  readonly input: Input;
  readonly empty: boolean;
  readonly truncated: boolean | null;
}

/** An open model, and how texts become its inputs. */
export interface RemoteInputs {
  /** Number of dimensions to ask the server for; null for all. */
  readonly dimensions: number | null;
  readonly settings: Settings;
  /** As an encoder's `documentText`. */
  readonly documentText?: (title: string, text: string) => string;
  readonly model: RemoteModel;
  readonly toInput: (text: string, role: Role) => PreparedInput;
}

/**
 * Opens the model, and makes the function from texts to inputs.
 * @throws InputError for marks that cannot be put around a text
 */
export async function openInputs(
  name: string,
  options: RemoteEncoderOptions,
  context: RemoteContext,
): Promise<RemoteInputs> {
  const fields = completeFields(inputFields, options);
  const marks = parseMarks(fields);
  const { prompt } = marks;
  const brackets = prompt === null ? resolveBrackets(marks.brackets, name) : 'none';
  if (brackets !== 'none' && options.tokenizer == null) {
    throw new InputError(
      `openai:${name}: brackets "${brackets}" are token ids, which only --tokenizer DIR (the folder with the model's ` +
        'tokenizer.json) can send; or choose --brackets none',
    );
  }
  const prompts = prompt === null ? resolvePrompts(fields, { names: [name], own: noPrompts }) : null;
  // Of several, the server is asked for the largest; the others are cut from it.
  const dimensions = fields.dimensions.length === 0 ? null : Math.max(...fields.dimensions);
  const kind = dimensions === null ? 'embeddings' : `embeddings of ${dimensions} dimensions`;
  const model = await openRemoteModel(name, kind, options, context);
  for (const note of prompts?.notes ?? []) context.onNote(`openai:${name}: ${note}`);
  const { tokenizer, info } = model;
  const ids = tokenizer === null ? null : bracketIds(brackets, tokenizer, info.id);
  const limit = tokenizer === null ? null : tokenLimit(options.tokenLimit, model.maxTokens, tokenizer, ids);
  const embedPrompt = prompt === null ? null : `${prompt.before}{}${prompt.after}`;
  // The keys of shards need the endpoint and the name, because a hosted model has no file hashes.
  const settings: Settings = modelSettings(
    'hosted vectors',
    { brackets, maxTokens: limit, endpoint: model.url, embedPrompt, ...recorded(prompts) },
    {
      ...{ hostedModel: name, input: tokenizer === null ? 'text' : 'token ids' },
      ...(dimensions === null ? {} : { requestedDimensions: dimensions }),
    },
  );
  const documentText = prompts?.document?.applyToParts;
  return {
    model,
    dimensions,
    settings,
    toInput(text, role) {
      const own = prompts?.[role] ?? null;
      const whole = own === null || own.applyToParts !== undefined ? text : own.apply(text);
      const empty = pythonStrip(text) === '';
      if (tokenizer === null) {
        const input = prompt === null ? pythonStrip(whole) : `${prompt.before}${pythonStrip(text)}${prompt.after}`;
        return { input, empty, truncated: null };
      }
      const { ids: input, ...counted } =
        prompt === null
          ? textIds(tokenizer, whole, ids?.[role] ?? null, limit)
          : promptedIds(tokenizer, prompt, text, limit);
      return { input: [...input], ...counted, ...(own === null ? {} : { empty }) };
    },
    ...(documentText === undefined ? {} : { documentText }),
  };
}

function recorded(
  prompts: ModelPrompts | null,
): Record<'queryPrompt' | 'documentPrompt' | 'instruction', string | null> {
  return {
    queryPrompt: prompts?.query?.recorded ?? null,
    documentPrompt: prompts?.document?.recorded ?? null,
    instruction: prompts?.instruction ?? null,
  };
}
