/** JSON objects found in text that a model wrote around them. */

/** Sources of the outermost `{…}` of a text; braces within JSON strings do not count. */
export function jsonObjects(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === '{' && depth++ === 0) start = index;
    if (token === '}' && depth > 0 && --depth === 0) found.push(text.slice(start, index + 1));
  }
  return found;
}

/** What was begun of an object that never ends, up to the last value in it that is whole; undefined where no object begins. */
export function unfinishedObject(text: string): string | undefined {
  const from = text.indexOf('{');
  if (from < 0) return undefined;
  const open: string[] = [];
  let whole = from;
  for (const { 0: token, index } of text.slice(from).matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/gs)) {
    if (token === '{' || token === '[') open.push(token);
    else if (token === '}' || token === ']') open.pop();
    if (token === '}' || token === ']' || (token.length > 1 && open.at(-1) === '['))
      whole = from + index + token.length;
  }
  return text.slice(from, whole);
}
