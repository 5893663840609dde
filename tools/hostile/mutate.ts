import { gunzipSync, gzipSync } from 'node:zlib';
import type { Random } from './random.js';

/** Numbers that programs stumble over: bounds of types, fractions, what JSON reads as infinity. */
const numbers = [
  '0',
  '-1',
  '1e9',
  '2147483648',
  '9007199254740993',
  '1e308',
  '1e999',
  '-0',
  '0.5',
  '4294967296',
  '1e-320',
];
/**
 * Texts: control characters, other directions, half characters, paths, members of every object, a long name, and numbers that
 * are not finite, not as JavaScript writes them, so that only its own are found in outputs.
 */
const texts = [
  ...[
    '',
    '\0',
    '\x1b[2J\x1b]0;title\x07',
    '\u202eabc',
    '\ud800',
    '../../etc/passwd',
    '/dev/zero',
    '__proto__',
    'constructor',
  ],
  ...[
    'toString',
    'nan',
    'infinity',
    '-inf',
    '(a+)+$',
    'a'.repeat(1 << 20),
    '\ufeff',
    '\u2028',
    '🙂',
    'null',
    '1e999',
    '%s%n',
    '.',
    ' ',
  ],
];
/** Values in the place of others. */
const values = [
  ...['null', 'true', '[]', '{}', '[[[[]]]]', '"x"', '{"__proto__":{"x":1}}', '{"constructor":{"prototype":{}}}'],
  ...[`${'['.repeat(20_000)}${']'.repeat(20_000)}`, `[${'0,'.repeat(50_000)}0]`],
];

/** Changes a file's bytes in one of the ways that fit its format. */
export function mutate(bytes: Buffer, kind: 'json' | 'lines' | 'gzip' | 'binary', random: Random): Buffer {
  if (kind === 'gzip' && !random.oneIn(3)) return gzipSync(mutate(gunzipSync(bytes), 'lines', random));
  if (kind === 'json' && !random.oneIn(5)) return mutateJson(bytes, random);
  if (kind === 'lines' && !random.oneIn(4)) return mutateLines(bytes, random);
  return mutateBytes(bytes, random);
}

function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(64));
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  const noise = Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256)));
  const length = Buffer.alloc(8, random.pick([0, 0x7f, 0x80, 0xff]));
  return random.pick([
    () => before,
    () => Buffer.concat([before, after]),
    () => Buffer.concat([before, noise, part, after]),
    () => Buffer.concat([before, noise, bytes.subarray(Math.min(bytes.length, at + noise.length))]),
    () => Buffer.concat([before, length, bytes.subarray(Math.min(bytes.length, at + 8))]),
    () => Buffer.concat([length.subarray(0, 4), bytes.subarray(4)]),
    () => Buffer.concat([bytes, part]),
    () => Buffer.alloc(0),
    () => Buffer.concat([before, Buffer.from(random.pick(texts)), after]),
  ])();
}

/** Replaces, removes, doubles or renames one value of a JSON text, by its tokens: the text need not stay valid. */
function mutateJson(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('utf8');
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g)];
  // The first tokens are the settings; vocabularies, which are most of some files, come later.
  const token = tokens[random.below(random.oneIn(2) ? Math.min(tokens.length, 200) : tokens.length)];
  if (token === undefined) return mutateBytes(bytes, random);
  const { index, 0: old, 1: colon } = token;
  const put = (replacement: string): Buffer =>
    Buffer.from(text.slice(0, index) + replacement + text.slice(index + old.length));
  if (colon !== undefined)
    return random.pick([
      () => put(`${JSON.stringify(random.pick(texts))}:`),
      () => put(`${old}${random.pick(values)},${old}`),
      () => put(`${JSON.stringify(random.pick(texts))}:${random.pick(values)},${old}`),
    ])();
  return random.pick([
    () => put(random.pick(numbers)),
    () => put(JSON.stringify(random.pick(texts))),
    () => put(random.pick(values)),
    () => put(`${old},${old}`),
  ])();
}

/** Changes one line or one field of a table or of JSON Lines. */
function mutateLines(bytes: Buffer, random: Random): Buffer {
  const lines = bytes.toString('utf8').split('\n');
  const at = random.below(lines.length);
  const line = lines[at]!;
  const separator = line.includes('\t') ? '\t' : ' ';
  const fields = line.split(separator);
  const field = random.below(fields.length);
  const withField = (value: string): string => fields.map((old, i) => (i === field ? value : old)).join(separator);
  lines[at] = random.pick([
    () => withField(random.pick(numbers)),
    () => withField(random.pick(texts)),
    () => withField(''),
    () => `${line}\n${line}`,
    () => `${line}${separator}x`,
    () => '\n'.repeat(random.pick([1, 1000, 20_000_000])),
    () => `"${line}`,
    () => (line.startsWith('{') ? mutateJson(Buffer.from(line), random).toString('utf8') : random.pick(texts)),
    () => random.pick(values),
  ])();
  return Buffer.from(lines.join('\n'));
}
