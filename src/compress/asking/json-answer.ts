/** JSON out of a model's answer: found, mended where it is nearly right, checked against a schema. */
import type { z } from 'zod';
import { withoutThinking } from '../../llm/protocol/thinking.js';

export type JsonAnswer<T> =
  | { readonly value: T; readonly mended: boolean }
  /** What is wrong with it, in words a model understands. */
  | { readonly problem: string };

/** Reads the JSON object in an answer by a schema. */
export function readJsonAnswer<T>(answer: string, schema: z.ZodType<T>): JsonAnswer<T> {
  const found = objectIn(withoutThinking(answer));
  if (found === null) return { problem: 'There was no JSON object in your answer.' };
  const parsed = parsedJson(found) ?? parsedJson(mended(found));
  if (parsed === undefined) return { problem: 'Your answer was not valid JSON.' };
  const checked = schema.safeParse(parsed.value);
  if (checked.success) return { value: checked.data, mended: parsedJson(found) === undefined };
  const issues = checked.error.issues.slice(0, 5);
  return {
    problem: issues.map((issue) => `${issue.path.map(String).join('.') || 'the object'}: ${issue.message}`).join('; '),
  };
}

/** From the first brace to the one that closes it, or to the end where none does. */
function objectIn(text: string): string | null {
  const from = text.indexOf('{');
  if (from < 0) return null;
  let depth = 0;
  let inString = false;
  for (let i = from; i < text.length; i++) {
    const character = text[i];
    if (inString && character === '\\') i++;
    else if (character === '"') inString = !inString;
    else if (!inString && character === '{') depth++;
    else if (!inString && character === '}' && --depth === 0) return text.slice(from, i + 1);
  }
  return text.slice(from).replace(/```\s*$/, '');
}

function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Slips that models make: line breaks inside strings, curly quotes as marks, commas too many, an end that is missing. */
function mended(text: string): string {
  const straight = text.replace(/([{[,:]\s*)[“”]/g, '$1"').replace(/[“”](\s*[}\],:])/g, '"$1');
  return closed(straight.replace(/[\u0000-\u001f]/g, ' ')).replace(/,(\s*[}\]])/g, '$1');
}

/** Cuts what is unfinished at the end and closes what is open. */
function closed(text: string): string {
  const open: string[] = [];
  let inString = false;
  let complete = 0;
  let closers = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') open.push(character === '{' ? '}' : ']');
    else if (character === '}' || character === ']') open.pop();
    if (!inString && (character === '}' || character === ']' || (character === '"' && open.at(-1) === ']'))) {
      complete = i + 1;
      closers = [...open].reverse().join('');
    }
  }
  return open.length === 0 ? text : text.slice(0, complete) + closers;
}
