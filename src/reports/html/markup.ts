import { escapeMarkup } from '../layout/escape.js';

/** Safe HTML, created by {@link html} and not from a plain string. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Inserted = Markup | string | number | null | readonly Inserted[];

/** Creates HTML: inserted values are escaped, except other markup. Example: html`<td>${systemName}</td>`. */
export function html(parts: TemplateStringsArray, ...inserted: readonly Inserted[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + insertable(inserted[i - 1] ?? null) + part));
}

function insertable(value: Inserted): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(insertable).join('');
  return escapeMarkup(String(value));
}
