/** Longest message in characters; longer ones lose their middle. */
const maxMessage = 2000;
/** Longest name within a long message: quoted text, or characters without white space. */
const maxName = 160;

/**
 * Characters that do something to a terminal or to the order of the text instead of being shown: control characters
 * (escape sequences begin with one), formatting characters (overrides of direction, tags, the byte order mark), separators of
 * lines and paragraphs, and halves of surrogate pairs. Joiners stay: Persian, Indic scripts and emoji need them.
 */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * Text from a file, a server or the command line, safe to show on a terminal: one line, in which unsafe characters are
 * written as escapes that can be read: `\n`, `\x1b`, `\u{202e}`.
 */
export function printable(text: string): string {
  return text.replace(unsafe, escapeOf);
}

/** As {@link printable}, for a sentence: names of some kilobytes within it are cut, and then the sentence itself. */
export function printableMessage(text: string): string {
  const names = text.length <= maxMessage ? text : text.replace(/"[^"]{161,}"|\S{161,}/gu, shortName);
  const safe = printable(cut(names, maxMessage));
  // Escapes are longer than what they stand for, and a cut may halve a pair of surrogates.
  return printable(cut(safe, maxMessage));
}

/** As {@link printable}, for text of several lines and columns: line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(unsafe, (character) => (/[\n\t]/.test(character) ? character : escapeOf(character)));
}

/** A wrong value of a file, for an error; lists and objects, which may be nested without end, by their kind only. */
export function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

const shortEscapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escapeOf(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

function shortName(name: string): string {
  return cut(name, maxName);
}

/** Leaves out the middle of a text that is longer than this. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.floor(length / 4);
  return `${text.slice(0, length - end - 1)}…${text.slice(-end)}`;
}
