import { InputError } from '../core/errors.js';

/**
 * What surrounds the document in a cross-encoder's input. The query always comes last: its tokens are what is scored,
 * so nothing may follow it.
 */
export interface Prompt {
  /** The letter, or `custom`. */
  readonly name: string;
  /** The instruction: what comes before the document. Kept whole when an input is too long. */
  readonly before: string;
  /** What stands between the document and the query. */
  readonly between: string;
}

/** The prompts of the SGPT paper's ablation with one document and one query (Muennighoff 2022); G is the one it uses. */
const templates: Readonly<Record<string, string>> = {
  A: '{document} {query}',
  B: '{document}\n{query}',
  C: 'Document:\n{document}\n\nQuery:\n{query}',
  D: 'Body:{document}\n\nTitle:\n{query}',
  E: 'selected document:\n{document}\n\nrelevant query:\n{query}',
  F: 'The selected text is:\n{document}\n\nThe relevant query is:\n{query}',
  G:
    'Documents are searched to find matches with the same content.\n' +
    'The document "{document}" is a good search result for "{query}',
  H:
    'Documents are searched to find matches with the same content.\n' +
    'Document: "{document}"\n\nThe above document is a good match for the query: "{query}',
  I:
    '# Get matching document and query with the same content\n' +
    'get_document()\n{document}\nget_query_matching_document()\n"{query}',
};

export const promptNames: readonly string[] = Object.keys(templates);

const expected = 'a text with {document} once and {query} once, at the end';

/**
 * @param prompt a letter, or a text with {document} and, at its end, {query}
 * @throws InputError for a letter that does not exist or a text in which the document or the query is not in its place
 */
export function parsePrompt(prompt: string): Prompt {
  const known = Object.hasOwn(templates, prompt) ? templates[prompt] : undefined;
  const template = known ?? prompt;
  if (!template.includes('{document}') && !template.includes('{query}'))
    throw new InputError(`unknown prompt "${prompt}"; known: ${promptNames.join(', ')}; or ${expected}`);
  const [before, between, ...more] = template.split('{document}');
  if (between === undefined || more.length > 0) throw misplaced(prompt, '{document}', template);
  if (before!.includes('{query}') || !between.endsWith('{query}') || between.split('{query}').length !== 2)
    throw misplaced(prompt, '{query}', template);
  return {
    name: known === undefined ? 'custom' : prompt,
    before: before!,
    between: between.slice(0, -'{query}'.length),
  };
}

/** The template as a text, with {document} and {query}. */
export function templateOf({ before, between }: Prompt): string {
  return `${before}{document}${between}{query}`;
}

function misplaced(prompt: string, part: string, template: string): InputError {
  const times = template.split(part).length - 1;
  const what = times === 1 ? `has ${part} in a place where it cannot be scored` : `has ${part} ${times} times`;
  return new InputError(`prompt "${prompt}" ${what}; expected ${expected}`);
}
