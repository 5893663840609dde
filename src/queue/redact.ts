/** A URL, or any text with one in it, without the password: for messages and records. */
export function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^/@\s:]*):[^/\s]*@/g, '$1:***@');
}
