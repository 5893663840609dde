import { InputError, nearest } from '../../core/errors.js';
import type { Role } from '../../core/model.js';
import type { SystemSpec } from '../../core/system-spec.js';
import { familyOf, symmetricInstruction } from '../hub/families.js';
import type { NamedPrompts } from '../pooling/sentence-transformers.js';

/** Text around a text before it is tokenised: `query: {text}`. */
export interface TextPrompt {
  /** For records and keys: the template with the instruction filled in; a prompt that only precedes a text has no `{text}`. */
  readonly recorded: string;
  /** The part before the text, which poolings may leave out (`include_prompt`). */
  readonly before: string;
  /** Puts the prompt around a text: a query, or a document as a whole. */
  apply(text: string): string;
  /** Puts the prompt around a document's title and text; only for a template with a place for the title. */
  readonly applyToParts?: (title: string, text: string) => string;
}

/** The prompts that a model's texts get; null for none. */
export interface ModelPrompts extends Readonly<Record<Role, TextPrompt | null>> {
  /** The instruction in them, if any. */
  readonly instruction: string | null;
  /** Remarks for the user. */
  readonly notes: readonly string[];
}

export type PromptFields = Pick<SystemSpec, 'queryPrompt' | 'documentPrompt' | 'instruction'>;

/** A model whose prompts are wanted. */
export interface PromptedModel {
  /** Its names, as {@link familyOf} takes them. */
  readonly names: readonly string[];
  /** Prompts of its own files. */
  readonly own: NamedPrompts;
}

const placeholder = /\{(text|title(?:\|[^{}]*)?|instruction)\}/g;
const anyPlaceholder = /\{([a-z_]+)(?:\|[^{}]*)?\}/g;
const optionOf = { query: '--query-prompt', document: '--document-prompt' } as const;

/** A prompt that is put before a text, as sentence-transformers does; braces in it have no meaning. */
export function precedingPrompt(prefix: string): TextPrompt | null {
  if (prefix === '') return null;
  return { recorded: prefix, before: prefix, apply: (text) => prefix + text };
}

/**
 * Parses a template: `{text}` is the text (without it, the text follows the template), `{title}` a document's title, or
 * `{title|none}` with a word for documents that have none, `{instruction}` the task's instruction. With a title, `{text}` is
 * the document without its title.
 * @throws InputError for another name in braces, more than one text, a query with a title, or a missing instruction
 */
export function parsePromptTemplate(given: string, role: Role, instruction: string | null): TextPrompt | null {
  if (given === '') return null;
  const fail = (what: string): never => {
    throw new InputError(`${optionOf[role]} "${given}": ${what}`);
  };
  for (const [, name] of given.matchAll(anyPlaceholder))
    if (!['text', 'title', 'instruction'].includes(name!))
      fail(`{${name!}} is unknown; possible are {text}, {title} of documents, and {instruction}`);
  const texts = given.split('{text}').length - 1;
  if (texts > 1) fail(`has {text} ${texts} times; expected it once, or not at all`);
  const usesTitle = /\{title(\|[^{}]*)?\}/.test(given);
  if (usesTitle && role === 'query') fail('a query has no title; leave {title} out');
  if (given.includes('{instruction}') && instruction === null)
    fail('needs an instruction for {instruction}; give one with --instruction');
  const filled = given.replaceAll('{instruction}', () => instruction!);
  if (texts === 0 && !usesTitle) return precedingPrompt(filled);
  const template = texts === 0 ? `${filled}{text}` : filled;
  const fill = (title: string, text: string): string =>
    template.replace(placeholder, (_, name: string) =>
      name === 'text' ? text : title === '' ? name.slice('title|'.length) : title,
    );
  const parts = usesTitle ? { applyToParts: fill } : {};
  return { recorded: template, before: template.split(placeholder)[0]!, apply: (text) => fill('', text), ...parts };
}

/**
 * The prompts of a model. For each role, in this order: the requested one (a template, the name of a prompt of the model's
 * own files, or `none`); for `auto` and `symmetric`, its publisher's template if it has an instruction and the task has one;
 * the prompt of its own files, as sentence-transformers' encode_query and encode_document choose it; its publisher's.
 * @throws InputError for an invalid template, or an instruction that no prompt uses
 */
export function resolvePrompts(fields: PromptFields, model: PromptedModel): ModelPrompts {
  const notes: string[] = [];
  const prompts = {
    query: resolveRole('query', fields, model, notes),
    document: resolveRole('document', fields, model, notes),
  };
  const { instruction } = fields;
  const used = instruction !== null && Object.values(prompts).some((prompt) => prompt?.recorded.includes(instruction));
  if (instruction !== null && !used)
    throw new InputError(
      `${model.names[0]!}: --instruction is not used, because its prompts have no {instruction}; give one with --query-prompt "… {instruction} … {text}"`,
    );
  return { ...prompts, instruction: used ? instruction : null, notes };
}

function resolveRole(role: Role, fields: PromptFields, model: PromptedModel, notes: string[]): TextPrompt | null {
  const given = role === 'query' ? fields.queryPrompt : fields.documentPrompt;
  const { own, names } = model;
  if (given === 'none') return null;
  if (given !== 'auto' && given !== 'symmetric') {
    if (Object.hasOwn(own.byName, given)) return precedingPrompt(own.byName[given]!);
    refuseBareName(given, role, model);
    return parsePromptTemplate(given, role, fields.instruction);
  }
  const kind = given === 'symmetric' ? 'symmetric' : role;
  const family = familyOf(...names);
  const template = family?.prompts[kind] ?? '';
  const ownPrompt = ownPromptOf(own, kind);
  const note = (prompt: TextPrompt | null): TextPrompt | null => {
    if (prompt !== null)
      notes.push(`${role} prompt ${JSON.stringify(prompt.recorded)}, as of ${family!.name} (${family!.source})`);
    return prompt;
  };
  if (template.includes('{instruction}')) {
    if (fields.instruction === null && ownPrompt !== undefined && kind !== 'symmetric')
      return precedingPrompt(ownPrompt);
    const byDefault = kind === 'symmetric' ? symmetricInstruction : family!.instruction!;
    return note(parsePromptTemplate(template, role, fields.instruction ?? byDefault));
  }
  if (ownPrompt !== undefined) return precedingPrompt(ownPrompt);
  if (!own.isEmpty && own.byDefault !== null && kind === role)
    notes.push(
      `its default prompt "${own.byDefault}" is not for a ${role}, as in encode_${role} of sentence-transformers; use it with ${optionOf[role]} ${own.byDefault}`,
    );
  return own.isEmpty ? note(parsePromptTemplate(template, role, null)) : null;
}

/** The prompt of the model's files; undefined for none. Retrieval's comes first, as in mteb's order of names. */
function ownPromptOf({ byName, byDefault, isEmpty }: NamedPrompts, kind: Role | 'symmetric'): string | undefined {
  if (isEmpty) return undefined;
  const names = {
    query: ['Retrieval-query', 'query'],
    document: ['Retrieval-document', 'document', 'passage', 'corpus'],
    symmetric: ['STS', ...(byDefault === null ? [] : [byDefault])],
  }[kind];
  const name = names.find((one) => Object.hasOwn(byName, one));
  return name === undefined ? undefined : byName[name];
}

/** A single word is more likely a misspelt name than a prompt. @throws InputError for one */
function refuseBareName(given: string, role: Role, { names, own }: PromptedModel): void {
  if (!/^[\w.-]+$/.test(given)) return;
  const known = ['auto', 'none', ...Object.keys(own.byName)];
  const near = nearest(given, known);
  const hint = near === undefined ? ';' : `, did you mean "${near}"?`;
  throw new InputError(
    `${names[0]!}: has no prompt "${given}"${hint} known: ${known.join(', ')}; or give a text with {text}, as ${optionOf[role]} "${given}: {text}"`,
  );
}
