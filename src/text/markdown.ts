/**
 * Markdown as units that can be kept or left out with the document still Markdown: sentences of paragraphs, rows of tables,
 * items of lists, whole blocks of code, quotes and front matter; headings, a table's head and the item above come along.
 */
import { lexer, type Token, type Tokens } from 'marked';
import { sentencesOf } from './sentences.js';

export interface Unit {
  /** As the source writes it, without the line ends behind it. */
  readonly text: string;
  /** Units that must stand where this one does, by their index. */
  readonly needs: readonly number[];
  /** Whether it can be chosen for itself; a heading or a table's head cannot. */
  readonly stands: boolean;
  /** Units of one block follow each other as the source has it; between blocks stands an empty line. */
  readonly block: number;
  /** What stands between this unit and the next of its block. */
  readonly link: string;
}

const FRONT_MATTER = /^---\r?\n[\s\S]*?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const HAS_WORDS = /[\p{L}\p{N}]/u;

/** The units of a Markdown text; null where nothing in it is marked up as Markdown. */
export function markdownUnits(text: string): Unit[] | null {
  const front = FRONT_MATTER.exec(text)?.[0] ?? '';
  const tokens = lexer(text.slice(front.length));
  if (front === '' && !tokens.some(isMarkedUp)) return null;
  const units = new Units();
  if (front !== '') units.add(front.trimEnd(), { needs: [] });
  for (const token of tokens) units.addBlock(token);
  return units.withDefinitions();
}

/** The kept units and what they need, in their order, each block as in the source. */
export function joinedUnits(units: readonly Unit[], kept: ReadonlySet<number>): string {
  const shown = units.filter((_, index) => kept.has(index));
  return shown
    .map((unit, index) => {
      const next = shown[index + 1];
      if (next === undefined) return unit.text;
      return unit.text + (next.block === unit.block ? unit.link : '\n\n');
    })
    .join('');
}

function isMarkedUp(token: Token): boolean {
  if (token.type === 'code') return (token as Tokens.Code).codeBlockStyle !== 'indented';
  return ['heading', 'table', 'list', 'blockquote', 'html', 'def'].includes(token.type);
}

class Units {
  readonly #units: Unit[] = [];
  /** Definitions of links, by the label that asks for them. */
  readonly #definitions = new Map<string, number>();
  /** Headings above, from the outermost. */
  #headings: { readonly depth: number; readonly index: number }[] = [];
  #block = 0;

  addBlock(token: Token): void {
    this.#block++;
    if (token.type === 'heading') this.#addHeading(token as Tokens.Heading);
    else if (token.type === 'table') this.#addTable(token as Tokens.Table);
    else if (token.type === 'list') this.#addList(token as Tokens.List, this.#above());
    else if (token.type === 'paragraph') this.#addSentences(token.raw);
    else if (token.type === 'def')
      this.#definitions.set((token as Tokens.Def).tag, this.add(token.raw.trimEnd(), { stands: false }));
    else if (token.type !== 'space' && token.type !== 'hr') this.add(token.raw.trimEnd());
  }

  /** Adds a unit; gives its index. */
  add(text: string, { needs = this.#above(), stands = true, link = '\n' }: Partial<Unit> = {}): number {
    return this.#units.push({ text, needs, stands: stands && HAS_WORDS.test(text), link, block: this.#block }) - 1;
  }

  /** All units, each with the definitions of the links in it. */
  withDefinitions(): Unit[] {
    if (this.#definitions.size === 0) return this.#units;
    return this.#units.map((unit) => {
      const labels = [...unit.text.matchAll(/\[([^\]]+)\]/g)].map(([, label = '']) => label.toLowerCase());
      const asked = labels.flatMap((label) => this.#definitions.get(label) ?? []);
      return unit.stands && asked.length > 0 ? { ...unit, needs: [...unit.needs, ...asked] } : unit;
    });
  }

  #above(): number[] {
    return this.#headings.map(({ index }) => index);
  }

  #addHeading({ raw, depth }: Tokens.Heading): void {
    this.#headings = this.#headings.filter((above) => above.depth < depth);
    const index = this.add(raw.trimEnd(), { stands: false });
    this.#headings = [...this.#headings, { depth, index }];
  }

  #addSentences(paragraph: string): void {
    for (const sentence of sentencesOf(paragraph.trimEnd())) {
      const text = sentence.trim();
      if (text !== '') this.add(text, { link: sentence.slice(sentence.trimEnd().length) });
    }
  }

  /** The head and the line below it come along with any row. */
  #addTable({ raw }: Tokens.Table): void {
    const [head = '', rule = '', ...rows] = raw.trimEnd().split('\n');
    const frame = this.add(`${head}\n${rule}`, { stands: false });
    for (const row of rows) this.add(row, { needs: [...this.#above(), frame] });
  }

  /** Items, each with what is said in it; items within it are units of their own, which need it. */
  #addList({ items, loose }: Tokens.List, above: readonly number[], indent = ''): void {
    for (const item of items) {
      const inner = item.tokens.flatMap((token) => (token.type === 'list' ? [token as Tokens.List] : []));
      const at = inner.length === 0 ? item.raw.length : item.raw.indexOf(firstLine(inner[0]?.raw ?? ''));
      const own = at < 0 ? item.raw : item.raw.slice(0, at);
      const index = this.add(indented(own.trimEnd(), indent), { needs: above, link: loose ? '\n\n' : '\n' });
      const deeper = indent + (/[ \t]*$/.exec(own)?.[0] ?? '');
      for (const list of at < 0 ? [] : inner) this.#addList(list, [...above, index], deeper);
    }
  }
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
const indented = (text: string, indent: string): string =>
  text
    .split('\n')
    .map((line) => indent + line)
    .join('\n');
