/** JSON that the engine's own parser reads as we do: every number written as JavaScript writes it, no name twice in one object, nested no deeper than we read. */

import { jsonIn } from '../core/json.js';

/** Numbers that may be spelled otherwise than their value is: an exponent, zeros at the end, minus zero, below a millionth, more digits than a double holds. */
const ODD_NUMBER = /(?:^|[[:,])[ \t\r\n]*-?(?:(?<=-)0(?![.\d])|\d+\.?\d*[eE]|\d+\.\d*0(?!\d)|0\.0{6}|\d[\d.]{15})/;
/** What ends a name, and may stand within a text too. */
const NAME_END = /"[ \t\r\n]*:/g;

/** The value in a box, many times faster than read strictly; undefined where that is not sure to give the same, or the text is no JSON. */
export function plainJson(text: string, maxDepth: number): { readonly value: unknown } | undefined {
  if (ODD_NUMBER.test(text)) return undefined;
  const value = jsonIn(text);
  if (value === undefined) return undefined;
  const names = (text.match(NAME_END) ?? []).length;
  return namesWithin(value, maxDepth) === names ? { value } : undefined;
}

/** How many names a value's objects have in all; NaN where it nests too deep. */
function namesWithin(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth < 0) return NaN;
  let names = 0;
  if (Array.isArray(value)) for (const each of value) names += namesWithin(each, depth - 1);
  else
    for (const each of Object.values(value)) {
      names++;
      if (typeof each === 'object') names += namesWithin(each, depth - 1);
    }
  return names;
}
