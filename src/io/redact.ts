/**
 * Replaces the password of a URL in a text by ***, for messages and records. Removes everything from the first colon after
 * `//` to the last @, because an unescaped password may contain @, / or spaces.
 */
export function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^:]*):.*@/gs, '$1:***@');
}
