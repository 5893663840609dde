import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { readTopics, type TopicField } from '../../src/datasets/topics.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';

const classic = `<top>

<num> Number: 301
<title> International Organized Crime

<desc> Description:
Identify organizations that participate
in international   criminal activity.

<narr> Narrative:
A relevant document must name them.
</top>
<top>
<num>302</num>
<title>Topic: Poliomyelitis and Post-Polio</title>
<desc>Is the disease under control?</desc>
</top>
`;

const xml = `<topics>
<topic number="1">
  <query>coronavirus &amp; origin</query>
  <question>what is the origin of COVID-19</question>
</topic>
<topic id='2'><title>weather</title><narrative>Seasons, too.</narrative></topic>
</topics>`;

async function read(content: string | Uint8Array, field?: TopicField): Promise<[string, string][]> {
  const folder = temporaryFolder();
  await writeFiles(folder, { topics: content });
  const { queries } = await readTopics(join(folder, 'topics'), field);
  return queries.map(({ id, text }) => [id, text]);
}

describe('TREC topics', () => {
  it.each<[string, string | Uint8Array, TopicField | undefined, [string, string][]]>([
    [
      'titles',
      classic,
      undefined,
      [
        ['301', 'International Organized Crime'],
        ['302', 'Poliomyelitis and Post-Polio'],
      ],
    ],
    [
      'descriptions',
      classic,
      'description',
      [
        ['301', 'Identify organizations that participate in international criminal activity.'],
        ['302', 'Is the disease under control?'],
      ],
    ],
    [
      'gzip and CRLF',
      gzipSync(classic.replaceAll('\n', '\r\n')),
      undefined,
      [
        ['301', 'International Organized Crime'],
        ['302', 'Poliomyelitis and Post-Polio'],
      ],
    ],
    [
      'XML',
      xml,
      undefined,
      [
        ['1', 'coronavirus & origin'],
        ['2', 'weather'],
      ],
    ],
    [
      'TSV',
      '\ufeff7\tfirst  one\n\n8\tsecond\n',
      undefined,
      [
        ['7', 'first one'],
        ['8', 'second'],
      ],
    ],
    [
      'TSV with CRLF, and with quotation marks and tabs in the text',
      '1\t"to be" or\tnot\r\n\r\n2\t"open\r\n',
      undefined,
      [
        ['1', '"to be" or not'],
        ['2', '"open'],
      ],
    ],
  ])('%s', async (_, content, field, expected) => {
    expect(await read(content, field)).toEqual(expected);
  });

  it.each<[string, string, TopicField | undefined, RegExp]>([
    ['a missing field', classic, 'narrative', /topic 302 has no <narr>; choose another "topicField"/],
    ['a missing field of XML topics', xml, 'description', /topic 2 has no <question> or <description>/],
    ['a topic without number', '<top><title> x </top>', undefined, /topic 1 of the file has no <num>/],
    ['a duplicate topic', '1\ta\n1\tb\n', undefined, /duplicate topic 1;/],
    ['other text', 'hello\n', undefined, /line 1 is "hello"; expected id⇥text/],
    ['an empty id', '1\ta\n\n\tb\n', undefined, /line 3 is "\\tb"; expected id⇥text/],
    ['an empty file', '\n', undefined, /has no topics/],
  ])('refuses %s', async (_, content, field, message) => {
    await expect(read(content, field)).rejects.toThrow(message);
    await expect(read(content, field)).rejects.toBeInstanceOf(InputError);
  });
});
