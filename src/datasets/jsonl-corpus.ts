import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Corpus, Document } from '../core/dataset.js';
import { InputError, messageOf } from '../core/errors.js';
import { DocumentIndex } from './document-index.js';
import { idOf, jsonLines, parseObject, textOf, type JsonLine } from './jsonl.js';

/** Maximum number of concurrent reads when fetching by id. */
const concurrentReads = 64;

/**
 * BEIR's corpus.jsonl, plain or gzip: {"_id", "title", "text"} per line. Opening reads the file once, to check every line
 * and index its position; texts stay on disk.
 */
export class JsonlCorpus implements Corpus {
  private file: Promise<FileHandle> | undefined;

  private constructor(
    private readonly path: string,
    private readonly index: DocumentIndex,
    /** Position after the last document, in bytes. */
    private readonly end: number,
    /** SHA-256 of the file's text. */
    readonly checksum: string,
  ) {}

  /**
   * @param maxLineBytes longest line allowed; default: as {@link jsonLines}
   * @throws InputError for a missing or empty file, an invalid line and a duplicate id
   */
  static async open(path: string, maxLineBytes?: number): Promise<JsonlCorpus> {
    const index = new DocumentIndex();
    const hash = createHash('sha256');
    let end = 0;
    for await (const batch of jsonLines(path, hash, maxLineBytes)) {
      for (const entry of batch) {
        addTo(index, documentOf(entry, path).id, entry, path);
        end = entry.offset + entry.length;
      }
    }
    if (index.size === 0) throw new InputError(`${path}: has no documents; expected one JSON object per line`);
    return new JsonlCorpus(path, index, end, hash.digest('hex'));
  }

  get size(): number {
    return this.index.size;
  }

  has(id: string): boolean {
    return this.index.numberOf(id) !== undefined;
  }

  async *documents(): AsyncGenerator<Document> {
    for await (const batch of jsonLines(this.path)) {
      for (const entry of batch) yield documentOf(entry, this.path);
    }
  }

  async fetch(ids: readonly string[]): Promise<Document[]> {
    this.file ??= openForRanges(this.path);
    const file = await this.file;
    const documents: Document[] = [];
    for (let start = 0; start < ids.length; start += concurrentReads) {
      const slice = ids.slice(start, start + concurrentReads);
      documents.push(...(await Promise.all(slice.map((id) => this.read(file, id)))));
    }
    return documents;
  }

  async close(): Promise<void> {
    const file = await this.file?.catch(() => undefined);
    this.file = undefined;
    await file?.close();
  }

  private async read(file: FileHandle, id: string): Promise<Document> {
    const number = this.index.numberOf(id);
    if (number === undefined) {
      throw new InputError(`${this.path}: has no document "${id}"; does the run belong to this data set?`);
    }
    // Reads up to the next document: blank lines and terminators between them are white space, which JSON.parse allows.
    const offset = this.index.offsetOf(number);
    const end = number + 1 < this.index.size ? this.index.offsetOf(number + 1) : this.end;
    const bytes = Buffer.allocUnsafe(end - offset);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    const document = bytesRead === bytes.length ? parseAgain(bytes, this.path) : undefined;
    if (document?.id === id) return document;
    throw new InputError(
      `${this.path}: the file has changed since it was opened (document "${id}" has moved); run the same command again`,
    );
  }
}

function addTo(index: DocumentIndex, id: string, { line, offset }: JsonLine, path: string): void {
  let added: boolean;
  try {
    added = index.add(id, offset);
  } catch (error) {
    throw new InputError(`${path}: line ${line}: ${messageOf(error)}`, { cause: error });
  }
  if (!added) throw new InputError(`${path}: line ${line}: duplicate id "${id}"; ids must be unique`);
}

function parseAgain(bytes: Buffer, path: string): Document | undefined {
  try {
    return documentOf({ value: parseObject(bytes.toString('utf8'), path, 0), line: 0 }, path);
  } catch {
    return undefined;
  }
}

function documentOf(entry: Pick<JsonLine, 'value' | 'line'>, path: string): Document {
  return {
    id: idOf(entry, path),
    title: textOf(entry, 'title', path, false),
    text: textOf(entry, 'text', path, true),
  };
}

/** Opens a file for reads at byte positions of its text. Gzip does not allow such reads, so it is unpacked first. */
async function openForRanges(path: string): Promise<FileHandle> {
  const file = await open(path);
  const head = Buffer.alloc(2);
  await file.read(head, 0, 2, 0);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return file;
  await file.close();
  return openUnpacked(path);
}

/** Unpacks into a temporary file, which is deleted while open, so that it never outlives the process. */
async function openUnpacked(path: string): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-'));
  try {
    const unpacked = join(folder, 'corpus.jsonl');
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(unpacked));
    return await open(unpacked);
  } catch (error) {
    throw new InputError(
      `${path}: cannot be unpacked into ${folder} to read single documents (${messageOf(error)}); unpack it with gunzip`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
