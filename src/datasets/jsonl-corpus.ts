import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { InputError } from '../core/errors.js';
import type { Corpus, Document } from '../core/dataset.js';
import { idOf, jsonLines, parseObject, textOf, type JsonLine } from './jsonl.js';

/** Reads this many documents at once when fetching by id. */
const concurrentReads = 64;

/**
 * A corpus.jsonl of BEIR: {"_id", "title", "text"} a line. Opening reads the file once, to check every line and note
 * where each document stands; the texts stay on disk.
 */
export class JsonlCorpus implements Corpus {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly places: ReadonlyMap<string, Place>,
    /** SHA-256 of the file's text. */
    readonly checksum: string,
  ) {}

  /** @throws InputError for a file that is missing, empty, or has a broken line or an id twice */
  static async open(path: string): Promise<JsonlCorpus> {
    const places = new Map<string, Place>();
    const hash = createHash('sha256');
    for await (const batch of jsonLines(path, hash)) {
      for (const entry of batch) {
        const { id } = documentOf(entry, path);
        if (places.has(id)) {
          throw new InputError(`${path}: line ${entry.line}: the id "${id}" is there twice; ids must be unique`);
        }
        places.set(id, { offset: entry.offset, length: entry.length });
      }
    }
    if (places.size === 0) throw new InputError(`${path}: holds no documents; expected one JSON object a line`);
    return new JsonlCorpus(path, await open(path), places, hash.digest('hex'));
  }

  get size(): number {
    return this.places.size;
  }

  has(id: string): boolean {
    return this.places.has(id);
  }

  async *documents(): AsyncGenerator<Document> {
    for await (const batch of jsonLines(this.path)) {
      for (const entry of batch) yield documentOf(entry, this.path);
    }
  }

  async fetch(ids: readonly string[]): Promise<Document[]> {
    const documents: Document[] = [];
    for (let start = 0; start < ids.length; start += concurrentReads) {
      const slice = ids.slice(start, start + concurrentReads);
      documents.push(...(await Promise.all(slice.map((id) => this.read(id)))));
    }
    return documents;
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async read(id: string): Promise<Document> {
    const place = this.places.get(id);
    if (place === undefined) {
      throw new InputError(`${this.path}: has no document "${id}"; does the run belong to this data set?`);
    }
    const bytes = Buffer.alloc(place.length);
    await this.file.read(bytes, 0, place.length, place.offset);
    const value = parseObject(bytes.toString('utf8'), this.path, 0);
    return documentOf({ value, line: 0 }, this.path);
  }
}

interface Place {
  readonly offset: number;
  readonly length: number;
}

function documentOf(entry: Pick<JsonLine, 'value' | 'line'>, path: string): Document {
  return {
    id: idOf(entry, path),
    title: textOf(entry, 'title', path, false),
    text: textOf(entry, 'text', path, true),
  };
}
