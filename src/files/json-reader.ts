/** JSON read strictly, with every number as it is written, and with the first mistake named by its place, its field and its mending. */
import { plainJson } from './plain-json.js';
import { numberFrom } from './source-number.js';

/** Why a text is no JSON. */
export class JsonFault extends Error {
  constructor(
    /** Where, in UTF-16 units from the text's beginning. */
    readonly offset: number,
    readonly what: string,
    readonly fix: string,
    /** Names and indices of the value that the mistake is in. */
    readonly path: readonly PropertyKey[],
  ) {
    super(what);
  }

  /** Whether the text is JSON as far as it goes. */
  get isCut(): boolean {
    return this.what === CUT;
  }
}

/** A name that one object has twice. */
export interface RepeatedName {
  readonly path: readonly PropertyKey[];
  readonly offset: number;
}

/** A text's value. Throws JsonFault. Of a name that stands twice the last value counts, and `onRepeated` is told. */
export function readJson(text: string, onRepeated?: (name: RepeatedName) => void): unknown {
  const plain = plainJson(text, MAX_DEPTH);
  return plain === undefined ? new JsonReader(text, onRepeated).read() : plain.value;
}

const CUT = 'ends in the middle';
const END = 'nothing more';
const CUT_FIX = 'close its quotes, braces and brackets; the file may be cut off';
const PYTHON_FIX = 'write it by json.dumps(…), or mend it by hand';
const NO_NUMBER_FIX = 'write null, or leave the field out';

/** Words that other programs write for values JSON does not have. */
const FOREIGN: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  NaN: ['holds NaN, which JSON does not have', NO_NUMBER_FIX],
  nan: ['holds nan, which JSON does not have', NO_NUMBER_FIX],
  Infinity: ['holds Infinity, which JSON does not have', NO_NUMBER_FIX],
  inf: ['holds inf, which JSON does not have', NO_NUMBER_FIX],
  undefined: ['holds undefined, which JSON does not have', NO_NUMBER_FIX],
  Undefined: ['holds Undefined, which JSON does not have', NO_NUMBER_FIX],
  NULL: ['holds NULL, which JSON writes null', 'write null'],
  None: ["holds Python's None, which JSON writes null", PYTHON_FIX],
  True: ["holds Python's True, which JSON writes true", PYTHON_FIX],
  False: ["holds Python's False, which JSON writes false", PYTHON_FIX],
};

/** Deepest nesting that is read. */
const MAX_DEPTH = 500;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /-?[\p{L}_$][\p{L}\p{N}_$]*/uy;
const LITERALS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

class JsonReader {
  #at = 0;
  readonly #path: PropertyKey[] = [];

  constructor(
    readonly text: string,
    readonly onRepeated: ((name: RepeatedName) => void) | undefined,
  ) {}

  read(): unknown {
    const value = this.#value();
    this.#skipBlanks();
    if (this.#at < this.text.length) throw this.#misplaced(END);
    return value;
  }

  /** A value; `name` is the field's that it belongs to. */
  #value(name?: string): unknown {
    this.#skipBlanks();
    switch (this.text[this.#at]) {
      case '{':
        this.#enter();
        return this.#object();
      case '[':
        this.#enter();
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#number() ?? this.#word(name);
    }
  }

  /** Moves behind an opening bracket. */
  #enter(): void {
    if (this.#path.length > MAX_DEPTH)
      throw this.#fault(`nests deeper than ${MAX_DEPTH} levels`, 'give records that are flatter');
    this.#at++;
  }

  #object(): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (let isFirst = true; !this.#ends('}', isFirst); isFirst = false) {
      const nameAt = this.#at;
      const name = this.text[nameAt] === '"' ? this.#string() : this.#noName();
      this.#path.push(name);
      if (Object.hasOwn(fields, name)) this.onRepeated?.({ path: [...this.#path], offset: nameAt });
      this.#skipBlanks();
      if (this.text[this.#at] !== ':') throw this.#misplaced(`a colon behind the name ${shown(name)}`);
      this.#at++;
      setOwn(fields, name, this.#value(name));
      this.#path.pop();
    }
    return fields;
  }

  #array(): unknown[] {
    const values: unknown[] = [];
    for (; !this.#ends(']', values.length === 0);) {
      this.#path.push(values.length);
      values.push(this.#value());
      this.#path.pop();
    }
    return values;
  }

  /** Moves behind a closing bracket, or to the next entry; true at the bracket. */
  #ends(bracket: '}' | ']', isFirst: boolean): boolean {
    this.#skipBlanks();
    const entry = bracket === '}' ? 'a name in double quotes' : 'a value';
    if (this.text[this.#at] === bracket) {
      this.#at++;
      return true;
    }
    if (isFirst) return false;
    if (this.text[this.#at] !== ',') throw this.#misplaced(`, or ${bracket}`);
    this.#at++;
    this.#skipBlanks();
    const next = this.text[this.#at];
    if (next === ']' || next === '}') throw this.#fault(`has a comma before ${next}`, 'remove the comma');
    if (next === ',') throw this.#misplaced(entry);
    return false;
  }

  #string(): string {
    const start = this.#at + 1;
    let end = this.text.indexOf('"', start);
    while (end >= 0 && isEscaped(this.text, start, end)) end = this.text.indexOf('"', end + 1);
    const body = this.text.slice(start, end < 0 ? undefined : end);
    const raw = /[\u0000-\u001f]/.exec(body);
    if (raw) throw this.#rawControl(start + raw.index);
    if (end < 0) throw this.#cut();
    this.#at = end + 1;
    return body.includes('\\') ? this.#unescaped(body, start) : body;
  }

  #unescaped(body: string, start: number): string {
    const wrong = /\\(?!["\\/bfnrt]|u[\da-fA-F]{4})/.exec(body.replace(/\\\\/g, '//'));
    if (!wrong) return JSON.parse(`"${body}"`) as string;
    this.#at = start + wrong.index;
    const escape = body.slice(wrong.index, wrong.index + 2);
    throw this.#fault(`has ${escape} in a text, which is no escape of JSON`, 'write a backslash twice (\\\\)');
  }

  #rawControl(offset: number): JsonFault {
    this.#at = offset;
    const character = this.text[offset];
    if (character === '\n' || character === '\r')
      return this.#fault('has a line break inside a text', 'write it as \\n, or close the quote before it');
    if (character === '\t') return this.#fault('has a tab inside a text', 'write it as \\t');
    const code = this.text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, '0');
    return this.#fault(`has the control character U+${code} inside a text`, `write it as \\u${code}, or remove it`);
  }

  #number(): unknown {
    NUMBER.lastIndex = this.#at;
    const [literal] = NUMBER.exec(this.text) ?? [];
    if (literal === undefined) return undefined;
    const next = this.text[this.#at + literal.length] ?? ' ';
    if (!/[\s,\]}:]/.test(next)) throw this.#badNumber();
    this.#at += literal.length;
    return numberFrom(literal);
  }

  #badNumber(): JsonFault {
    const [literal = ''] = /[^\s,\]}]{1,40}/.exec(this.text.slice(this.#at)) ?? [];
    return this.#fault(
      `has ${literal}, which is no number of JSON`,
      'put it in double quotes, or write a plain number',
    );
  }

  #word(name: string | undefined): unknown {
    WORD.lastIndex = this.#at;
    const [word] = WORD.exec(this.text) ?? [];
    if (word !== undefined && Object.hasOwn(LITERALS, word)) {
      this.#at += word.length;
      return LITERALS[word];
    }
    const wanted = name === undefined ? 'a value' : `the value of ${shown(name)}`;
    if (word === undefined) throw this.#misplaced(wanted);
    const bare = word.replace(/^-/, '');
    const foreign = Object.hasOwn(FOREIGN, bare) ? FOREIGN[bare] : undefined;
    if (foreign) throw this.#fault(foreign[0].replace(bare, word), foreign[1]);
    throw this.#fault(`has ${shown(word)} without quotes where ${wanted} belongs`, 'put it in double quotes');
  }

  #noName(): never {
    WORD.lastIndex = this.#at;
    const [word] = WORD.exec(this.text) ?? [];
    if (word === undefined) throw this.#misplaced('a name in double quotes');
    throw this.#fault(`has the name ${shown(word)} without quotes`, 'put names in double quotes');
  }

  /** What stands here is not what belongs here. */
  #misplaced(wanted: string): JsonFault {
    const found = this.text.slice(this.#at, this.#at + 2);
    if (found === '') return this.#cut();
    if (found.startsWith("'")) return this.#fault("has a single quote (') where JSON has double ones", PYTHON_FIX);
    if (/^[“”„‘’«»]/.test(found))
      return this.#fault(
        `has the typographic quote ${found[0] ?? ''} where ${wanted} belongs`,
        'use plain double quotes (")',
      );
    if (found === '//' || found === '/*' || found.startsWith('#'))
      return this.#fault('has a comment, which JSON does not have', 'remove it');
    const [character = ''] = found;
    if (wanted === END && character === ',')
      return this.#fault('has a comma behind its end', 'remove it: lines of JSON stand without commas between them');
    if (wanted === END && character === '{')
      return this.#fault('has a second object behind its end', 'write one record a line');
    return this.#fault(`has ${JSON.stringify(character)} where ${wanted} belongs`, 'mend the JSON');
  }

  #cut(): JsonFault {
    this.#at = this.text.length;
    return this.#fault(CUT, CUT_FIX);
  }

  #fault(what: string, fix: string): JsonFault {
    return new JsonFault(this.#at, what, fix, [...this.#path]);
  }

  #skipBlanks(): void {
    while (isBlankCode(this.text.charCodeAt(this.#at))) this.#at++;
  }
}

/** Blank, tab, line feed, carriage return. */
const isBlankCode = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

const shown = (name: string): string => JSON.stringify(name.slice(0, 40));

/** Sets a field whatever its name: `__proto__` is a field like any other. */
function setOwn(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') fields[name] = value;
  else Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Whether an odd number of backslashes, none before `from`, stands before `end`. */
function isEscaped(text: string, from: number, end: number): boolean {
  let slashes = 0;
  while (end - slashes > from && text[end - slashes - 1] === '\\') slashes++;
  return slashes % 2 === 1;
}
