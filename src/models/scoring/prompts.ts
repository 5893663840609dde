import { InputError } from '../../core/errors.js';

/**
 * The text around document and query in a cross-encoder's input. The query comes last: its tokens are scored, so
 * nothing may follow it.
 */
export interface PairPrompt {
  /** Name of the prompt, or `custom`. */
  readonly name: string;
  /** Instruction: the text before the document, with the example of a one-shot prompt. Never truncated. */
  readonly before: string;
  /** Text between the document and the query. */
  readonly between: string;
}

/** A prompt that ends in a question about document and query; the answer is scored instead of the query. */
export interface AnswerPrompt extends PairPrompt {
  /** Text after the query. */
  readonly after: string;
  readonly answers: readonly [yes: string, no: string];
}

/** A document and a query that is relevant to it: the example of a one-shot prompt. */
export interface PromptExample {
  readonly document: string;
  readonly query: string;
}

interface PromptDefinition {
  readonly template: string;
  /** Example of a one-shot prompt, put first: the task's shortest judged pair of more than `longerThan` tokens. */
  readonly shot?: { readonly template: string; readonly longerThan: number };
  readonly answers?: AnswerPrompt['answers'];
}

const search = 'Documents are searched to find matches with the same content.\n';
const bot =
  'An intelligent, helpful bot is given. The bot responds "Yes" if the document is a fit to the query and "No" otherwise.\n###';
const yesNo = ['Yes', 'No'].map((answer) => ` ${answer}`) as [string, string];
const question = '\nDocument: {document}\nQuery: {query}\nBot:';

/**
 * The prompts of the SGPT paper's ablations (Muennighoff 2022); G is used for all other results. Texts and examples are
 * from `crossencoder_beir_sgpt.ipynb`. `L` has no example; the notebook's version, with an example, is `L1`.
 */
const definitions: Readonly<Record<string, PromptDefinition>> = {
  A: { template: '{document} {query}' },
  B: { template: '{document}\n{query}' },
  C: { template: 'Document:\n{document}\n\nQuery:\n{query}' },
  D: { template: 'Body:{document}\n\nTitle:\n{query}' },
  E: { template: 'selected document:\n{document}\n\nrelevant query:\n{query}' },
  F: { template: 'The selected text is:\n{document}\n\nThe relevant query is:\n{query}' },
  G: { template: `${search}The document "{document}" is a good search result for "{query}` },
  H: { template: `${search}Document: "{document}"\n\nThe above document is a good match for the query: "{query}` },
  I: {
    template:
      '# Get matching document and query with the same content\n' +
      'get_document()\n{document}\nget_query_matching_document()\n"{query}',
  },
  J: {
    template: 'Document:\n{document}\nQuery:\n{query}',
    shot: { template: `${search}Document:\n{document}\nQuery:\n{query}\n`, longerThan: 0 },
  },
  K: {
    template: 'Document:\n{document}\nQuery:\n{query}',
    shot: { template: 'Document:\n{document}\nQuery:\n{query}\n', longerThan: 0 },
  },
  L: { template: bot + question, answers: yesNo },
  L1: { template: question, answers: yesNo, shot: { template: `${bot}${question}${yesNo[0]}`, longerThan: 0 } },
  'quora-A': {
    template:
      'Questions are searched to find matches with the same content.\n' +
      'The question "{document}" is a good search result for "{query}',
  },
  'quora-B': {
    template:
      'Below are two similar questions asking the same thing.\nThe question "{document}" is similar to "{query}',
  },
  'quora-C': { template: 'These two questions are the same: 1. {document} 2.{query}' },
  'quora-D': { template: 'Question Body: {document} Question Title:{query}' },
  'quora-E': {
    template: 'Question Body: {document} Question Title:{query}',
    // Questions of a few words make poor examples: the notebook requires more than ten tokens.
    shot: { template: 'Question Body: {document} Question Title: {query}\n', longerThan: 10 },
  },
};

export const promptNames: readonly string[] = Object.keys(definitions);

const expected = 'a text with {document} once and {query} once, at the end';

/**
 * Parses a prompt whose query is scored.
 * @param prompt a name, or a text with {document} and, at its end, {query}
 * @param example required by one-shot prompts, see {@link exampleRequirement}
 * @throws InputError for an unknown name, a missing example, or a text without {document} and {query} in their places
 */
export function parsePrompt(prompt: string, example?: PromptExample): PairPrompt {
  const definition = definitionOf(prompt);
  if (definition?.answers !== undefined)
    throw new InputError(`prompt "${prompt}": asks for an answer, which this model cannot score; use G`);
  const template = definition?.template ?? prompt;
  if (!template.includes('{document}') && !template.includes('{query}'))
    throw new InputError(`unknown prompt "${prompt}"; known: ${promptNames.join(', ')}; or ${expected}`);
  const [before, between, ...more] = template.split('{document}');
  if (between === undefined || more.length > 0) throw misplaced(prompt, '{document}', template);
  if (before!.includes('{query}') || !between.endsWith('{query}') || between.split('{query}').length !== 2)
    throw misplaced(prompt, '{query}', template);
  return {
    name: definition === undefined ? 'custom' : prompt,
    before: filledExample(prompt, definition, example) + before!,
    between: between.slice(0, -'{query}'.length),
  };
}

/** Parses a prompt that asks for an answer; returns undefined for any other. See {@link parsePrompt}. */
export function parseAnswerPrompt(prompt: string, example?: PromptExample): AnswerPrompt | undefined {
  const definition = definitionOf(prompt);
  if (definition?.answers === undefined) return undefined;
  const [before, rest] = definition.template.split('{document}');
  const [between, after] = rest!.split('{query}');
  return {
    name: prompt,
    before: filledExample(prompt, definition, example) + before!,
    between: between!,
    after: after!,
    answers: definition.answers,
  };
}

/** Checks a prompt without its example. @throws InputError for a prompt that cannot be parsed */
export function requirePrompt(prompt: string): void {
  const example = exampleRequirement(prompt) === null ? undefined : { document: 'document', query: 'query' };
  if (parseAnswerPrompt(prompt, example) === undefined) parsePrompt(prompt, example);
}

/** Number of tokens that the example of a one-shot prompt must exceed; null for a prompt without example. */
export function exampleRequirement(prompt: string): { readonly longerThan: number } | null {
  return definitionOf(prompt)?.shot ?? null;
}

/** The prompt as a text with {document} and {query}. */
export function templateOf({ before, between, after = '' }: PairPrompt & Partial<AnswerPrompt>): string {
  return `${before}{document}${between}{query}${after}`;
}

function definitionOf(prompt: string): PromptDefinition | undefined {
  return Object.hasOwn(definitions, prompt) ? definitions[prompt] : undefined;
}

/** The text of a one-shot prompt's example; "" for other prompts. */
function filledExample(
  prompt: string,
  definition: PromptDefinition | undefined,
  example: PromptExample | undefined,
): string {
  if (definition?.shot === undefined) return '';
  if (example === undefined)
    throw new InputError(
      `prompt "${prompt}": needs a judged pair of the task as an example, and none is available here; use it with a retrieval task and a local model`,
    );
  const { template } = definition.shot;
  const [before, rest] = template.split('{document}');
  const [between, after] = rest!.split('{query}');
  return before! + example.document + between! + example.query + after!;
}

function misplaced(prompt: string, part: string, template: string): InputError {
  const times = template.split(part).length - 1;
  const problem = times === 1 ? `has ${part} in a place where it cannot be scored` : `has ${part} ${times} times`;
  return new InputError(`prompt "${prompt}" ${problem}; expected ${expected}`);
}
