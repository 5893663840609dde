/** A token of a tokenizer.json's `added_tokens`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

/** A part of a text: other text, or an added token's id. */
export type Section = string | number;

const word = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]`;
const endsWithWord = new RegExp(`${word}$`, 'u');
const startsWithWord = new RegExp(`^${word}`, 'u');
const spaceAtEnd = /\p{White_Space}*$/u;
const spaceAtStart = /^\p{White_Space}*/u;

const isInWord = (text: string, start: number, end: number): boolean =>
  endsWithWord.test(text.slice(0, start)) || startsWithWord.test(text.slice(end));

type Node = Map<string, Node> & { token?: AddedToken };

/**
 * Finds added tokens in texts: from left to right, of those that begin at a place the longest. Follows
 * `AddedVocabulary::find_matches` of the Rust tokenizers.
 */
export class AddedTokenFinder {
  private readonly root: Node = new Map();

  /** @param tokens each with the text that stands for it */
  constructor(tokens: readonly (readonly [content: string, token: AddedToken])[]) {
    for (const [content, token] of tokens) {
      if (content === '') continue;
      let node = this.root;
      for (const unit of content.split('')) {
        const next: Node = node.get(unit) ?? new Map<string, Node>();
        node.set(unit, next);
        node = next;
      }
      node.token = token;
    }
  }

  split(text: string): Section[] {
    const sections: Section[] = [];
    let done = 0;
    for (let at = 0; at < text.length;) {
      const found = this.longestAt(text, at);
      if (found === undefined) {
        at++;
        continue;
      }
      const end = at + found.length;
      const { token } = found;
      if (!(token.single_word && isInWord(text, at, end))) {
        const start = token.lstrip ? Math.max(text.slice(0, at).search(spaceAtEnd), done) : at;
        if (start > done) sections.push(text.slice(done, start));
        sections.push(token.id);
        done = end + (token.rstrip ? spaceAtStart.exec(text.slice(end))![0].length : 0);
      }
      at = end;
    }
    if (done < text.length) sections.push(text.slice(done));
    return sections;
  }

  private longestAt(text: string, at: number): { readonly token: AddedToken; readonly length: number } | undefined {
    let found: { readonly token: AddedToken; readonly length: number } | undefined;
    let node: Node | undefined = this.root;
    for (let i = at; i < text.length; i++) {
      node = node.get(text[i]!);
      if (node === undefined) return found;
      if (node.token !== undefined) found = { token: node.token, length: i + 1 - at };
    }
    return found;
  }
}
