/** Control tokens of a tokenizer (`<|im_end|>`, `<s>`, `[INST]`), and how texts that hold their letters are kept apart from them. */

/** A token that a tokenizer adds to its vocabulary, as tokenizer.json describes it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean | undefined;
}

/** Stands between the letters of what is text though a control token is written so: a noncharacter that no text holds. */
const MARK = '\u{fdd0}';

/** Tokens that are control tokens though their tokenizer does not call them special; HTML's tags, which some add too, are text. */
const WRITTEN =
  /^(?:<\|[^<>]+\|>|<｜[^<>]+｜>|\[\/?[A-Z_]{3,}\]|<\/?(?:think(?:ing)?|thoughts?|reasoning|answer|tools?|tool_\w+|function\w*|(?:start|end)_of_\w+)>)$/;

const isControl = ({ content, special }: AddedToken): boolean =>
  content.length > 1 && (special === true || WRITTEN.test(content));

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Of tokens that begin alike the longest first. */
const anyOf = (texts: readonly string[]): RegExp =>
  texts.length === 0
    ? /(?!)/g
    : new RegExp(
        [...texts]
          .sort((a, b) => b.length - a.length)
          .map(escaped)
          .join('|'),
        'g',
      );

const marked = (token: string): string => [...token].join(MARK);

export class ControlTokens {
  readonly tokens: readonly AddedToken[];
  readonly #plain: RegExp;
  readonly #marked: RegExp;

  constructor(added: readonly AddedToken[]) {
    this.tokens = added.filter(isControl);
    const contents = this.tokens.map(({ content }) => content);
    this.#plain = anyOf(contents);
    this.#marked = anyOf(contents.map(marked));
  }

  /** A text with every control token in it marked as letters. */
  asText(text: string): string {
    return text.replace(this.#plain, marked);
  }

  /** A marked text as it was. */
  unmarked(text: string): string {
    return text.includes(MARK) ? text.replace(this.#marked, (found) => found.replaceAll(MARK, '')) : text;
  }

  /** A marked text whose letters no program takes for control tokens: each has a blank behind its first. */
  brokenApart(text: string): string {
    return text.replace(this.#marked, (found) => found.replaceAll(MARK, '').replace(/^(?:\p{Cs}.|.)/su, '$& '));
  }

  /** The control tokens in a text that are not marked, in their order. */
  in(text: string): string[] {
    return text.match(this.#plain) ?? [];
  }

  /** A text cut at its control tokens, the marks taken out of what is between them. */
  pieces(text: string): { readonly token: boolean; readonly text: string }[] {
    const pieces: { token: boolean; text: string }[] = [];
    let from = 0;
    const add = (token: boolean, piece: string): void => void (piece !== '' && pieces.push({ token, text: piece }));
    for (const match of text.matchAll(this.#plain)) {
      add(false, this.unmarked(text.slice(from, match.index)));
      add(true, match[0]);
      from = match.index + match[0].length;
    }
    add(false, this.unmarked(text.slice(from)));
    return pieces;
  }
}
