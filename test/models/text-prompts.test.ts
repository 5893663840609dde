import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { modelFamilies, familyOf, familyRows, knownInstruction } from '../../src/models/hub/families.js';
import { parsePromptTemplate, resolvePrompts, type PromptFields } from '../../src/models/encoding/text-prompts.js';
import { noPrompts, type NamedPrompts } from '../../src/models/pooling/sentence-transformers.js';
import { expandTasks } from '../../src/suites/index.js';

const auto: PromptFields = { queryPrompt: 'auto', documentPrompt: 'auto', instruction: null };
const named = (byName: Record<string, string>, byDefault: string | null = null): NamedPrompts => ({
  ...{ byName, byDefault, isEmpty: Object.values(byName).every((prompt) => prompt === '') },
});

/** What the prompts of a model make of a text. */
function made(
  fields: Partial<PromptFields>,
  names: readonly string[],
  own: NamedPrompts = noPrompts,
): [string, string] {
  const { query, document } = resolvePrompts({ ...auto, ...fields }, { names, own });
  return [query, document].map((prompt) => prompt?.apply('TEXT') ?? 'TEXT') as [string, string];
}

describe('a prompt template', () => {
  it.each([
    ['query: ', 'query: TEXT'],
    ['query: {text}', 'query: TEXT'],
    ['<s>{text}</s>', '<s>TEXT</s>'],
    ['Instruct: {instruction}\nQuery:{text}', 'Instruct: find it\nQuery:TEXT'],
    ['Instruct: {instruction}\nQuery:', 'Instruct: find it\nQuery:TEXT'],
    ['a {"json": 1} b', 'a {"json": 1} bTEXT'],
  ])('%j makes %j', (template, expected) => {
    expect(parsePromptTemplate(template, 'query', 'find it')!.apply('TEXT')).toBe(expected);
  });

  it('has places for the title and the text of a document', () => {
    const prompt = parsePromptTemplate('title: {title|none} | text: {text}', 'document', null)!;
    expect(prompt.applyToParts!('About', 'TEXT')).toBe('title: About | text: TEXT');
    expect(prompt.applyToParts!('', 'TEXT')).toBe('title: none | text: TEXT');
    expect(prompt.before).toBe('title: ');
    expect(parsePromptTemplate('{title} - ', 'document', null)!.applyToParts!('A {text} B', 'T {title}')).toBe(
      'A {text} B - T {title}',
    );
  });

  it.each([
    ['{query} is it', 'query', '{query} is unknown; possible are {text}'],
    ['{text} and {text}', 'query', 'has {text} 2 times'],
    ['{title}: ', 'query', 'a query has no title'],
    ['Instruct: {instruction}', 'document', 'needs an instruction for {instruction}; give one with --instruction'],
  ] as const)('%j of a %s is refused', (template, role, message) => {
    expect(() => parsePromptTemplate(template, role, null)).toThrow(message);
  });
});

describe('the prompts of a model', () => {
  it.each([
    ['query and document', named({ query: 'q: ', document: 'd: ', passage: 'p: ' }), 'q: TEXT', 'd: TEXT'],
    ['passage', named({ query: 'q: ', passage: 'p: ' }), 'q: TEXT', 'p: TEXT'],
    ['corpus', named({ corpus: 'c: ' }), 'TEXT', 'c: TEXT'],
    ["mteb's names of task types", named({ 'Retrieval-query': 'r: ', query: 'q: ' }), 'r: TEXT', 'TEXT'],
    ['another default', named({ query: 'q: ', STS: 's: ' }, 'STS'), 'q: TEXT', 'TEXT'],
  ])('are those of its files: %s', (_, own, query, document) => {
    expect(made({}, ['my-model'], own)).toEqual([query, document]);
  });

  it('are those of its publisher where its files have none', () => {
    expect(made({}, ['intfloat/e5-base-v2'])).toEqual(['query: TEXT', 'passage: TEXT']);
    expect(made({}, ['e5-base-v2'], named({ query: '', document: '' }))).toEqual(['query: TEXT', 'passage: TEXT']);
    expect(made({}, ['intfloat/e5-base-v2@main'], named({ query: 'mine: ' }))).toEqual(['mine: TEXT', 'TEXT']);
    expect(made({}, ['my-copy', 'BAAI/bge-small-en-v1.5'])[0]).toMatch(/^Represent this sentence .*: TEXT$/);
    expect(made({}, ['my-model'])).toEqual(['TEXT', 'TEXT']);
  });

  it('say in a note where they come from, unless its files have them', () => {
    const notes = (names: string[], own = noPrompts): readonly string[] => resolvePrompts(auto, { names, own }).notes;
    expect(notes(['intfloat/e5-base-v2'])).toEqual([
      expect.stringMatching(/^query prompt "query: ", as of E5 \(model card/) as string,
      expect.stringMatching(/^document prompt "passage: ", as of E5/) as string,
    ]);
    expect(notes(['e5-base-v2'], named({ query: 'q: ', document: 'd: ' }))).toEqual([]);
    expect(notes(['x'], named({ STS: 's: ' }, 'STS'))[0]).toMatch(/default prompt "STS" is not for a query/);
  });

  it('take the instruction of the task, else their own, else that of their publisher', () => {
    const qwen = ['Qwen/Qwen3-Embedding-0.6B'];
    const own = named({ query: 'Instruct: by its files\nQuery:', document: '' });
    expect(made({ instruction: 'find it' }, qwen, own)).toEqual(['Instruct: find it\nQuery:TEXT', 'TEXT']);
    expect(made({}, qwen, own)).toEqual(['Instruct: by its files\nQuery:TEXT', 'TEXT']);
    expect(made({}, qwen)[0]).toBe(
      'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:TEXT',
    );
    expect(made({ instruction: 'find it' }, ['intfloat/e5-mistral-7b-instruct'])[0]).toBe(
      'Instruct: find it\nQuery: TEXT',
    );
  });

  it('on tasks whose texts are of one kind are neither those of queries nor those of documents', () => {
    const symmetric = { queryPrompt: 'symmetric', documentPrompt: 'symmetric' };
    expect(made(symmetric, ['x'], named({ query: 'q: ', document: 'd: ' }))).toEqual(['TEXT', 'TEXT']);
    expect(made(symmetric, ['x'], named({ query: 'q: ', other: 'o: ' }, 'other'))).toEqual(['o: TEXT', 'o: TEXT']);
    expect(made(symmetric, ['x'], named({ query: 'q: ', STS: 's: ' }))).toEqual(['s: TEXT', 's: TEXT']);
    expect(made(symmetric, ['intfloat/e5-small'])).toEqual(['query: TEXT', 'query: TEXT']);
    expect(made(symmetric, ['BAAI/bge-base-en'])).toEqual(['TEXT', 'TEXT']);
  });

  it('can be named, replaced and left out', () => {
    const own = named({ query: 'q: ', s2p_query: 'Search {braces}: ' });
    expect(made({ queryPrompt: 's2p_query' }, ['x'], own)[0]).toBe('Search {braces}: TEXT');
    expect(made({ queryPrompt: 'none' }, ['e5-base'])).toEqual(['TEXT', 'passage: TEXT']);
    expect(made({ documentPrompt: 'doc: {text}.' }, ['e5-base'])).toEqual(['query: TEXT', 'doc: TEXT.']);
    expect(() => made({ queryPrompt: 's2p_qery' }, ['x'], own)).toThrow(
      'x: has no prompt "s2p_qery", did you mean "s2p_query"? known: auto, none, query, s2p_query; or give a text with {text}',
    );
  });

  it('refuse an instruction that they have no place for', () => {
    expect(() => made({ instruction: 'find it' }, ['intfloat/e5-base'])).toThrow('--instruction is not used');
  });
});

describe('the families', () => {
  it.each(modelFamilies.map((family) => [family.name, family] as const))('%s have valid prompts', (_, family) => {
    for (const role of ['query', 'document'] as const) parsePromptTemplate(family.prompts[role], role, 'any');
    const takesInstruction = Object.values(family.prompts).some((prompt) => prompt.includes('{instruction}'));
    expect(family.instruction !== undefined).toBe(takesInstruction);
    if (family.published !== null) expect(familyOf(family.published.model)).toBe(family);
  });

  it('are found by hub id or folder, whatever the organisation', () => {
    const found = (...names: string[]): string | undefined => familyOf(...names)?.name;
    expect(found('models/Qwen3-Embedding-0.6B')).toBe('Qwen3-Embedding');
    expect(found('intfloat/multilingual-e5-large-instruct')).toBe('multilingual E5, instructed');
    expect(found('sentence-transformers/multi-qa-mpnet-base-dot-v1')).toBe('models for inner products');
    expect(found('e5-base-v2-finetuned')).toBeUndefined();
    expect(found('')).toBeUndefined();
  });

  it('have an instruction for the tasks of BEIR that mteb has, which are named as here', () => {
    const tasks = expandTasks(['beir']);
    expect(tasks.filter((task) => knownInstruction(task) === null)).toEqual(
      ['bioasq', 'signal1m', 'trec-news', 'robust04'].map((name) => `beir/${name}`), // not in mteb
    );
    expect(knownInstruction('beir/cqadupstack/android')).toMatch(/Stackexchange/);
    expect(knownInstruction('my/task')).toBeNull();
  });
});

it('docs/models.md has the table of families', () => {
  const squeezed = (text: string): string => text.replace(/\s+/g, ' ');
  const page = squeezed(readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8'));
  for (const [name, ...cells] of familyRows().slice(1)) {
    const line = page.slice(page.indexOf(`| ${name!} |`)).split(/(?<!\\)\|/);
    for (const [i, cell] of cells.entries())
      expect([name, line[i + 2]!.replaceAll('`', '').replaceAll('\\|', '|').trim()]).toEqual([
        name,
        squeezed(cell).trim(),
      ]);
  }
});
