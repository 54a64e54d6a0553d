/** Text folded for comparison: width, ligatures, accents, digits of all scripts, apostrophes and dashes in one form, each with its place. */

/** A folded text and where its characters stood. */
export interface Folded {
  readonly text: string;
  /** The stretch [start, end) of the original that [start, end) of the folded text came from. */
  readonly place: (start: number, end: number) => [start: number, end: number];
}

/** A character outside ASCII, or one that marks combine with, and the marks. */
const CLUSTER = /[^\x00-\x7f][\p{M}\uff9e\uff9f]*|[\x00-\x7f]\p{M}+/gu;

/**
 * Folds a text: full-width and compatibility forms as plain ones, digits of every script as 0 to 9, letters of Latin, Greek, Cyrillic, Arabic
 * and Hebrew without optional marks. Marks that are vowels or tell letters apart (Thai, Indic, kana, Й) stay; case stays.
 */
export function folded(text: string): Folded {
  let out = '';
  let from = 0;
  let places: number[] | undefined;
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    out += text.slice(from, index);
    const after = foldedCluster(cluster, out);
    if (places === undefined && after.length !== cluster.length) places = range(out.length);
    else if (places !== undefined) for (let at = from; at < index; at++) places.push(at);
    if (places !== undefined) for (let i = 0; i < after.length; i++) places.push(index);
    out += after;
    from = index + cluster.length;
  }
  if (places !== undefined) for (let at = from; at <= text.length; at++) places.push(at);
  return { text: out + text.slice(from), place: placing(places) };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}

/** Characters that came from one cluster have one place; an end among them is the cluster's end. */
function placing(places: readonly number[] | undefined): Folded['place'] {
  if (places === undefined) return (start, end) => [start, end];
  return (start, end) => {
    let last = end;
    while (last < places.length - 1 && places[last] === places[last - 1]) last++;
    return [places[start] ?? 0, places[last] ?? 0];
  };
}

/** Letters without a decomposition, signs with several forms, and what is only there for display. */
const FORMS: ReadonlyMap<string, string> = new Map([
  ...pairs('ß:ss ẞ:SS æ:ae Æ:AE œ:oe Œ:OE ø:o Ø:O ł:l Ł:L đ:d Đ:D ð:d Ð:D þ:th Þ:Th ı:i ħ:h Ħ:H'),
  ...pairs('ي:ی ى:ی ك:ک ة:ه ٫:. ٬:, ،:, ؛:; ؟:? ٪:% ½:.5 ¼:.25 ¾:.75 №:No. ♯:# ″:″'),
  ...each('‘’ʼʻʹ′`´＇‛', "'"),
  ...each('‐‑‒–−－﹣־', '-'),
  ...each('\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f', '\u00a0'),
  ...each('\u00a0', '\u00a0'),
  ...each('\u200b\u2028\u2029\u3000', ' '),
  ...each('\u00ad\u200c\u200d\u200e\u200f\u2060\u061c\ufeff\u0640™®©℠', ''),
]);

function pairs(table: string): [string, string][] {
  return table.split(' ').map((pair) => [pair[0] ?? '', pair.slice(2)]);
}

function each(characters: string, form: string): [string, string][] {
  return [...characters].map((character) => [character, form]);
}

const known = new Map<string, string>();
const MOST_KNOWN = 20_000;

/** A cluster's form behind what stands before it: `½` is `.5` in `2½` and `0.5` alone, `²` is apart from the digit that it follows. */
function foldedCluster(cluster: string, before: string): string {
  let form = known.get(cluster);
  if (form === undefined) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(cluster, (form = formOf(cluster)));
  }
  if (!/^\.?\d/.test(form) || /\p{Nd}/u.test(cluster)) return form;
  const behindDigit = /\d$/.test(before);
  if (form.startsWith('.')) return behindDigit ? form : `0${form}`;
  return behindDigit ? `^${form}` : form;
}

function formOf(cluster: string): string {
  const form = FORMS.get(cluster);
  if (form !== undefined) return form;
  const plain = cluster.replace(/[\ufe00-\ufe0f]/g, '').normalize('NFKD');
  return [...withoutMarks(plain).normalize('NFC')].map((letter) => FORMS.get(letter) ?? digit(letter)).join('');
}

/** Marks that writers leave out are left out: accents, points, the stress of Cyrillic words and the dots of Ё. */
function withoutMarks(text: string): string {
  if (/[\p{Script=Latin}\p{Script=Greek}\p{Script=Arabic}\p{Script=Hebrew}]/u.test(text))
    return text.replace(/\p{M}/gu, '');
  if (/\p{Script=Cyrillic}/u.test(text)) return text.replace(/[\u0300\u0301]|(?<=[Ее])\u0308/gu, '');
  return text;
}

/** A decimal digit of any script as 0 to 9: each script's ten stand in a row. */
function digit(letter: string): string {
  if (!/\p{Nd}/u.test(letter)) return letter;
  const code = letter.codePointAt(0) ?? 0;
  let zero = code;
  while (zero > code - 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String(code - zero);
}
