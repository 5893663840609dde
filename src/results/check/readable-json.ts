/** Maximum line length. */
const width = 110;

/**
 * JSON for people to read and compare: an object or array is on one line if it fits, else one line per entry; arrays of
 * small items fill their lines.
 */
export function readableJson(value: unknown): string {
  return text(value, 0) + '\n';
}

function text(value: unknown, column: number): string {
  const line = oneLine(value);
  if (typeof value !== 'object' || value === null || (column > 0 && column + line.length <= width)) return line;
  const items = Array.isArray(value)
    ? value.map((item) => text(item, column + 2))
    : Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${text(inner, column + 2)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const lines = Array.isArray(value) ? filled(items, width - column - 2) : items.map(separated);
  const indent = ' '.repeat(column + 2);
  return `${open!}\n${lines.map((one) => indent + one).join('\n')}\n${' '.repeat(column)}${close!}`;
}

/** Joins items into lines of at most `length` characters; a longer item, or one of several lines, has its own line. */
function filled(items: readonly string[], length: number): string[] {
  const lines: string[] = [];
  for (const item of items.map(separated)) {
    const last = lines.at(-1);
    if (last === undefined || last.includes('\n') || item.includes('\n') || last.length + item.length + 1 > length)
      lines.push(item);
    else lines[lines.length - 1] = `${last} ${item}`;
  }
  return lines;
}

function separated(item: string, index: number, all: readonly string[]): string {
  return index < all.length - 1 ? `${item},` : item;
}

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${oneLine(inner)}`)
    .join(', ')}}`;
}
