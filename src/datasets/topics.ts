import { createHash } from 'node:crypto';
import type { Query } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { lineBlocks } from '../io/lines.js';
import { RowParser } from './delimited.js';
import type { QueryFile } from './task.js';

/** The field of a TREC topic that becomes the query. */
export const topicFields = ['title', 'description', 'narrative'] as const;
export type TopicField = (typeof topicFields)[number];

/** Topic files are small; a larger file has another format. */
const maxBytes = 64 << 20;

/**
 * Reads TREC topics in one of three formats, recognized by their tags:
 *
 * - classic: `<top> <num> Number: 301 <title> … <desc> Description: … <narr> Narrative: … </top>`, closing tags or not;
 * - XML of later tracks: `<topic number="1"><query>…</query><question>…</question><narrative>…</narrative></topic>`;
 * - TSV without quoting, `id⇥text`, one topic per line; `field` has no effect.
 *
 * White space within a text becomes single spaces.
 * @throws InputError for a topic without a number or without the field, and for a duplicate number
 */
export async function readTopics(path: string, field: TopicField = 'title'): Promise<QueryFile> {
  const hash = createHash('sha256');
  const blocks: Buffer[] = [];
  let bytesRead = 0;
  for await (const { bytes } of lineBlocks(path)) {
    hash.update(bytes);
    blocks.push(bytes);
    bytesRead += bytes.length;
    if (bytesRead > maxBytes) throw new InputError(`${path}: is larger than 64 MiB; expected TREC topics`);
  }
  const topics = parseTopics(Buffer.concat(blocks), path, field);
  if (topics.length === 0) throw new InputError(`${path}: has no topics; expected <top>, <topic> or id⇥text lines`);
  const seen = new Set<string>();
  for (const { id } of topics) {
    if (seen.has(id)) throw new InputError(`${path}: duplicate topic ${id}; numbers must be unique`);
    seen.add(id);
  }
  return { queries: topics, checksum: hash.digest('hex') };
}

function parseTopics(bytes: Buffer, path: string, field: TopicField): Query[] {
  const text = bytes.toString('utf8');
  if (/<top>/i.test(text)) return parseClassic(text, path, field);
  if (/<topic\s/i.test(text)) return parseXml(text, path, field);
  return parseTable(bytes, path);
}

function parseClassic(text: string, path: string, field: TopicField): Query[] {
  const tag = { title: 'title', description: 'desc', narrative: 'narr' }[field];
  return [...text.matchAll(/<top>([\s\S]*?)(?:<\/top>|(?=<top>)|$)/gi)].map(([, topic = ''], i) => {
    const id = classicField(topic, 'num')?.replace(/^Number:\s*/i, '');
    if (id === undefined || id === '') throw new InputError(`${path}: topic ${i + 1} of the file has no <num>`);
    const label = { title: /^Topic:\s*/i, description: /^Description:\s*/i, narrative: /^Narrative:\s*/i }[field];
    const content = classicField(topic, tag)?.replace(label, '');
    return { id, text: requireText(content, id, `<${tag}>`, path) };
  });
}

/** The text up to the next tag, because classic topics do not close their tags. */
function classicField(topic: string, tag: string): string | undefined {
  const content = new RegExp(`<${tag}>([^<]*)`, 'i').exec(topic)?.[1];
  return content === undefined ? undefined : normalizeSpace(content);
}

function parseXml(text: string, path: string, field: TopicField): Query[] {
  const tags = { title: 'query|title', description: 'question|description|desc', narrative: 'narrative|narr' }[field];
  return [...text.matchAll(/<topic\s([^>]*)>([\s\S]*?)<\/topic>/gi)].map(([, attributes = '', topic = ''], i) => {
    const id = /\b(?:number|id)\s*=\s*["']([^"']+)["']/i.exec(attributes)?.[1];
    if (id === undefined) throw new InputError(`${path}: topic ${i + 1} of the file has no number="…"`);
    const content = new RegExp(`<(${tags})>([\\s\\S]*?)</\\1>`, 'i').exec(topic)?.[2];
    const plain = content === undefined ? undefined : normalizeSpace(unescapeXml(content));
    return { id, text: requireText(plain, id, `<${tags.replaceAll('|', '> or <')}>`, path) };
  });
}

function parseTable(text: Buffer, path: string): Query[] {
  const topics: Query[] = [];
  const rows = new RowParser(path, { delimiter: '\t', quoting: false }).parse({ firstLine: 1, offset: 0, bytes: text });
  for (const { line, fields } of rows) {
    const row = fields.join('\t');
    if (row.trim() === '') continue;
    const [id = '', ...rest] = fields;
    if (id === '' || rest.length === 0)
      throw new InputError(`${path}: line ${line} is "${row.slice(0, 40)}"; expected id⇥text`);
    topics.push({ id: id.trim(), text: requireText(normalizeSpace(rest.join(' ')), id.trim(), 'text', path) });
  }
  return topics;
}

function requireText(text: string | undefined, id: string, what: string, path: string): string {
  if (text !== undefined && text !== '') return text;
  throw new InputError(`${path}: topic ${id} has no ${what}; choose another "topicField" or complete the file`);
}

function normalizeSpace(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => entities[name] ?? whole);
}
