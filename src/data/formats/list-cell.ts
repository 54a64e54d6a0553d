/** Lists that programs print into one cell of a table: JSON's `["Paris"]`, Python's `['Paris']`, NumPy's `['Paris' 'Rome']`. */

/** What a cell's text is: a list that is read, one that is not (`told` says what it looks like), or plain text. */
export type Cell =
  | { readonly kind: 'list'; readonly values: readonly string[] }
  | { readonly kind: 'told'; readonly what: string }
  | { readonly kind: 'text' };

const STRING = /\s*(?:[uU]|[rR])?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,?/sy;
const WRAPPED = /^(?:np\.|numpy\.)?array\((.*?)(?:,\s*dtype=[\w<>.']+)?\)$/s;
/** The answers of SQuAD as pandas prints them. */
const ANSWERS =
  /^\{\s*['"]text['"]\s*:\s*((?:(?:np\.|numpy\.)?array\()?\[.*?\](?:,\s*dtype=[\w<>.']+)?\)?)\s*(?:,\s*['"]answer_start['"].*)?\}$/s;
const NUMBERS = /^[[(]\s*-?\d[\d.eE+-]*(?:(?:\s*,\s*|\s+)-?\d[\d.eE+-]*)*\s*,?\s*[\])]$/;

export function readCell(cell: string): Cell {
  const text = cell.trim();
  const answers = ANSWERS.exec(text)?.[1];
  if (answers !== undefined) return readCell(answers);
  const inner = WRAPPED.exec(text)?.[1]?.trim() ?? text;
  const isList = /^\[.*\]$/s.test(inner) || /^\(.*,.*\)$/s.test(inner);
  const values = isList ? strings(inner.slice(1, -1)) : undefined;
  if (values && values.length > 0) return { kind: 'list', values };
  if (NUMBERS.test(inner)) return { kind: 'told', what: 'a list of numbers' };
  if (/^\[\s*["']/.test(inner) && inner.endsWith(']'))
    return { kind: 'told', what: 'a list, which cannot be read as one' };
  if (/^\{\s*["']/.test(inner) && inner.endsWith('}')) return { kind: 'told', what: 'an object, dictionary or set' };
  if (inner === '[]') return { kind: 'told', what: 'an empty list' };
  return { kind: 'text' };
}

/** The strings that a list's inside is made of and nothing else, behind commas or blanks; undefined where it is something else. */
function strings(inside: string): string[] | undefined {
  const values: string[] = [];
  STRING.lastIndex = 0;
  for (let at = 0; at < inside.trimEnd().length; at = STRING.lastIndex) {
    const [, quoted] = STRING.exec(inside) ?? [];
    if (quoted === undefined) return undefined;
    values.push(unescaped(quoted.slice(1, -1)));
  }
  return values;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  a: '\x07',
  v: '\v',
  '\n': '',
};

const ESCAPE = /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[\s\S])/g;

/** Escapes of Python and JSON read; a backslash before any other character is itself, as Python has it. */
function unescaped(body: string): string {
  return body.replace(ESCAPE, (escape) => {
    if (escape.length > 2) return String.fromCodePoint(Number.parseInt(escape.slice(2), 16));
    const [, character = ''] = escape;
    return ESCAPES[character] ?? (/["'\\/]/.test(character) ? character : escape);
  });
}
