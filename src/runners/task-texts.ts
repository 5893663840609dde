import { InputError } from '../core/errors.js';
import type { Role } from '../core/model.js';
import { documentText, type Profile } from '../core/profile.js';
import type { RetrievalTask } from '../core/dataset.js';
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
export function textSequence(task: Task, name: string, profile: Profile): TextSequence {
  if (task.kind === 'retrieval') {
    if (name === 'queries') return { name, role: 'query', total: task.queries.length, texts: task.queries };
    if (name === 'documents')
      return { name, role: 'document', total: task.corpus.size, texts: documentTexts(task, profile) };
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

/** The documents as the profile reads them: title and text joined; SGPT skips documents without text. */
export async function* documentTexts(task: RetrievalTask, profile: Profile): AsyncGenerator<TextWithId> {
  for await (const document of task.corpus.documents()) {
    if (profile.dropDocumentsWithoutText && document.text === '') continue;
    yield { id: document.id, text: documentText(document) };
  }
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
  readonly #profile: Profile;
  #name = '';
  #next = 0;
  #stream: AsyncIterator<TextWithId> | Iterator<TextWithId> | undefined;

  constructor(task: Task, profile: Profile) {
    this.#task = task;
    this.#profile = profile;
  }

  /** Texts `first` to `first + count`; fewer at the end of the sequence. */
  async read(name: string, first: number, count: number): Promise<string[]> {
    if (this.#stream === undefined || name !== this.#name || first < this.#next) {
      await this.close();
      this.#stream = iteratorOf(textSequence(this.#task, name, this.#profile).texts);
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
