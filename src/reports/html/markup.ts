/** HTML that is safe to insert as it is: made by {@link html}, never from a plain string. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Inserted = Markup | string | number | null | readonly Inserted[];

/** HTML with everything inserted escaped, except other markup: html`<td>${systemName}</td>`. */
export function html(parts: TemplateStringsArray, ...inserted: readonly Inserted[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + insertable(inserted[i - 1] ?? null) + part));
}

function insertable(value: Inserted): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(insertable).join('');
  return escapeHtml(String(value));
}

/** Text for element content and quoted attributes. Control characters, which HTML forbids, become U+FFFD. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '\ufffd').replace(/[&<>"']/g, (character) => entities[character]!);
}

/** Values for a script element of type application/json: no `</script` or `<!--` can end it early. */
export function embeddedJson(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value)
      .replace(/</g, '\\u003c')
      .replace(/\u2028/g, '\\u2028')
      .replace(/\u2029/g, '\\u2029'),
  );
}
