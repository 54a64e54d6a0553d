/** JSON out of a model's answer: found, mended where it is nearly right, checked against a schema. */
import { jsonrepair } from 'jsonrepair';
import type { z } from 'zod';
import { withoutThoughts } from '../../text/thoughts.js';
import { jsonObjects, unfinishedObject } from '../../text/json-objects.js';

export type JsonAnswer<T> =
  | { readonly value: T; readonly mended: boolean }
  /** What is wrong with it, in words a model understands. */
  | { readonly problem: string };

/** Reads the JSON object in an answer by a schema. */
export function readJsonAnswer<T>(answer: string, schema: z.ZodType<T>): JsonAnswer<T> {
  const { text } = withoutThoughts(answer);
  const found = jsonObjects(text)[0] ?? unfinishedObject(text);
  if (found === undefined) return { problem: 'There was no JSON object in your answer.' };
  const exact = parsedJson(found);
  const parsed = exact ?? parsedJson(found, mended);
  if (parsed === undefined) return { problem: 'Your answer was not valid JSON.' };
  const checked = schema.safeParse(parsed.value);
  if (checked.success) return { value: checked.data, mended: exact === undefined };
  const issues = checked.error.issues.slice(0, 5);
  return {
    problem: issues.map((issue) => `${issue.path.map(String).join('.') || 'the object'}: ${issue.message}`).join('; '),
  };
}

function parsedJson(text: string, mend = (json: string): string => json): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(mend(text)) };
  } catch {
    return undefined;
  }
}

/** Slips that models make: quotation marks and commas that are wrong, line breaks inside strings, an end that is missing. */
function mended(text: string): string {
  return jsonrepair(text.replace(/[\u0000-\u001f]/g, ' '));
}
