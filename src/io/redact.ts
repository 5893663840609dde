/**
 * A URL, or any text with one in it, without the password: for messages and records. What was not encoded as it should be
 * (a password with @, / or a blank) is hidden, too, so all goes from the first colon to the last @.
 */
export function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^:]*):.*@/gs, '$1:***@');
}
