/** As much of a document as a plot is drawn in: elements with attributes and text, written as a browser writes them. A whole one takes longer to load than most studies take to report. */
const NAMESPACE = 'http://www.w3.org/2000/svg';

const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string, characters: RegExp): string =>
  text.replace(characters, (character) => NAMES[character] ?? character);

/** An element and what it holds: elements, and text as strings. */
export class SvgElement {
  readonly namespaceURI = NAMESPACE;
  parentNode: SvgElement | null = null;
  readonly #attributes = new Map<string, string>();
  #nodes: (SvgElement | string)[] = [];

  constructor(
    readonly ownerDocument: SvgDocument,
    readonly tagName: string,
  ) {}

  get children(): SvgElement[] {
    return this.#nodes.filter((node) => typeof node !== 'string');
  }

  set textContent(text: unknown) {
    this.#nodes = [String(text)];
  }

  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, String(value));
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  appendChild(child: SvgElement): SvgElement {
    return this.insertBefore(child, null);
  }

  /** Puts an element before one that is here, or behind all. */
  insertBefore(child: SvgElement, next: SvgElement | null): SvgElement {
    child.remove();
    child.parentNode = this;
    const at = next === null ? this.#nodes.length : this.#nodes.indexOf(next);
    this.#nodes.splice(at, 0, child);
    return child;
  }

  remove(): void {
    const siblings = this.parentNode === null ? [] : this.parentNode.#nodes;
    if (siblings.includes(this)) siblings.splice(siblings.indexOf(this), 1);
    this.parentNode = null;
  }

  /** The element as SVG text. */
  get outerHTML(): string {
    const attributes = [...this.#attributes].map(([name, value]) => ` ${name}="${escaped(value, /[&"<>]/g)}"`);
    const inner = this.#nodes.map((node) => (typeof node === 'string' ? escaped(node, /[&<>]/g) : node.outerHTML));
    return `<${this.tagName}${attributes.join('')}>${inner.join('')}</${this.tagName}>`;
  }
}

/** What makes elements; nothing but SVG can be made. */
export class SvgDocument {
  readonly documentElement = new SvgElement(this, 'svg');

  createElementNS(namespace: string, name: string): SvgElement {
    if (namespace !== NAMESPACE) throw new Error(`no element of ${namespace} can be made here`);
    return new SvgElement(this, name);
  }
}
