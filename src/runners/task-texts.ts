import { InputError } from '../core/errors.js';
import type { Encoder, Role } from '../core/model.js';
import { documentText, type Profile } from '../core/profile.js';
import type { Document, RetrievalTask } from '../core/dataset.js';
import type { Task } from '../core/task.js';
import {
  askUbuntuText,
  askUbuntuTexts,
  sciDocsRelations,
  twitterParts,
  type CqaDupStackTask,
  type UsebTask,
} from '../core/useb.js';

export interface TextWithId {
  readonly id: string;
  readonly text: string;
}

/** A named list of a task's texts. Shards refer to texts by name and number, which are the same on every machine. */
export interface TextSequence {
  readonly name: string;
  readonly role: Role;
  /** Approximate number of texts, for progress. */
  readonly total: number;
  readonly texts: AsyncIterable<TextWithId> | Iterable<TextWithId>;
}

/**
 * A task's list of texts: `queries` and `documents` of a retrieval task; `texts` of USEB (each distinct text once), except
 * `FORUM/queries` and `FORUM/pool` of CQADupStack. USEB is symmetric: every text has the role of a query.
 * @throws InputError for an unknown name
 */
export function textSequence(task: Task, name: string, style: TextStyle): TextSequence {
  if (task.kind === 'retrieval') {
    if (name === 'queries') return { name, role: 'query', total: task.queries.length, texts: task.queries };
    if (name === 'documents')
      return { name, role: 'document', total: task.corpus.size, texts: documentTexts(task, style) };
  } else if (task.dataset === 'cqadupstack') {
    const [forum, list] = name.split('/');
    const forumData = task.forums.find((one) => one.name === forum);
    const texts = list === 'queries' ? forumData?.queries : list === 'pool' ? forumData?.pool : undefined;
    if (texts !== undefined) return sequenceOf(name, texts);
  } else if (name === 'texts') return sequenceOf(name, new Map(usebTexts(task).map((text) => [text, text])));
  throw new InputError(`${task.name}: has no list of texts named "${name}"`);
}

function sequenceOf(name: string, texts: ReadonlyMap<string, string>): TextSequence {
  return { name, role: 'query', total: texts.size, texts: Array.from(texts, ([id, text]) => ({ id, text })) };
}

/** How a profile and an encoder make texts of documents. */
export interface TextStyle extends Pick<Profile, 'dropDocumentsWithoutText' | 'keepLeadingBlank'> {
  /** Joins title and text, for a prompt that has a place for each; undefined: by a blank. */
  readonly documentText?: Encoder['documentText'];
}

/** The style in which an encoder reads documents: without brackets, no text begins with a blank. */
export function textStyle(encoder: Encoder, profile: Profile): TextStyle {
  const { dropDocumentsWithoutText, keepLeadingBlank } = profile;
  const brackets = encoder.settings['brackets'] ?? 'none';
  return {
    dropDocumentsWithoutText,
    keepLeadingBlank: keepLeadingBlank && brackets !== 'none',
    documentText: encoder.documentText?.bind(encoder),
  };
}

/**
 * The documents as the profile reads them: title and text joined; SGPT skips documents without text, and keeps the blank
 * before an untitled one.
 */
export async function* documentTexts(task: RetrievalTask, style: TextStyle): AsyncGenerator<TextWithId> {
  for await (const document of task.corpus.documents()) {
    if (style.dropDocumentsWithoutText && document.text === '') continue;
    yield { id: document.id, text: textOf(document, style) };
  }
}

function textOf(document: Document, style: TextStyle): string {
  if (style.documentText !== undefined) return style.documentText(document.title, document.text);
  return style.keepLeadingBlank ? `${document.title} ${document.text}` : documentText(document);
}

/** All texts of a task with given pairs, with repetitions. */
function usebTexts(task: Exclude<UsebTask, CqaDupStackTask>): string[] {
  switch (task.dataset) {
    case 'askubuntu':
      return askUbuntuTexts.flatMap((text) =>
        task.queries.flatMap(({ id, candidates }) =>
          [id, ...candidates].map((post) => askUbuntuText(task, post, text)),
        ),
      );
    case 'twitterpara':
      return twitterParts.flatMap((part) => task.pairs[part].flatMap(({ texts }) => texts));
    case 'scidocs':
      return sciDocsRelations
        .flatMap((relation) => [...task.qrels[relation]].flatMap(([id, grades]) => [id, ...grades.keys()]))
        .flatMap((id) => task.titles.get(id) ?? []);
  }
}

/** Reads parts of a task's sequences; reading continues where the last read ended, if it can. */
export class TextReader {
  readonly #task: Task;
  readonly #style: TextStyle;
  #name = '';
  #next = 0;
  #stream: AsyncIterator<TextWithId> | Iterator<TextWithId> | undefined;

  constructor(task: Task, style: TextStyle) {
    this.#task = task;
    this.#style = style;
  }

  /** Texts `first` to `first + count`; fewer at the end of the sequence. */
  async read(name: string, first: number, count: number): Promise<string[]> {
    if (this.#stream === undefined || name !== this.#name || first < this.#next) {
      await this.close();
      this.#stream = iteratorOf(textSequence(this.#task, name, this.#style).texts);
      [this.#name, this.#next] = [name, 0];
    }
    const texts: string[] = [];
    while (this.#next < first + count) {
      const step = await this.#stream.next();
      if (step.done === true) break;
      if (this.#next >= first) texts.push(step.value.text);
      this.#next++;
    }
    return texts;
  }

  async close(): Promise<void> {
    await this.#stream?.return?.();
    this.#stream = undefined;
  }
}

function iteratorOf<T>(items: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
