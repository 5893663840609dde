/** Longest message in characters; longer ones lose their middle. */
const maxMessage = 2000;
/** Longest name within a long message: quoted text, or characters without white space. */
const maxName = 160;

/**
 * Characters that do something to a terminal or to the order of the text instead of being shown: control characters
 * (escape sequences begin with one), line and paragraph separators, marks and overrides of direction, tag characters,
 * the byte order mark, and halves of surrogate pairs. Joiners stay: Persian, Indic scripts and emoji need them.
 */
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/**
 * Text from a file, a server or the command line, safe to show on a terminal: one line, without unsafe characters. White
 * space becomes a space, other characters an escape that can be read: `\x1b`, `\u{202e}`.
 */
export function printable(text: string): string {
  return text.replace(unsafe, escapeOf);
}

/** As {@link printable}, for a sentence: names of some kilobytes within it are cut, and then the sentence itself. */
export function printableMessage(text: string): string {
  const names = text.length <= maxMessage ? text : text.replace(/"[^"]{161,}"|\S{161,}/gu, shortName);
  const safe = printable(cut(names, maxMessage));
  return cut(safe, maxMessage);
}

/** As {@link printable}, for text of several lines and columns: line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(unsafe, (character) => (/[\n\t]/.test(character) ? character : escapeOf(character)));
}

function escapeOf(character: string): string {
  if (/[\t\n\r]/.test(character)) return ' ';
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
