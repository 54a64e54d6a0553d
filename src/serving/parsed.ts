/** Bodies of answers, checked by a schema. */
import type { z } from 'zod';
import { jsonIn } from '../core/json.js';

/** The body as the schema has it; a text says why it is none. */
export function parsed<T>(body: string, schema: z.ZodType<T>, what: string): T | string {
  const opening = body.replace(/\s+/g, ' ').slice(0, 120);
  const value = jsonIn(body);
  if (value === undefined) return `not JSON: ${opening}`;
  const checked = schema.safeParse(value);
  return checked.success ? checked.data : `not a ${what}: ${opening}`;
}
