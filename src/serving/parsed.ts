/** Bodies of answers, checked by a schema. */
import type { z } from 'zod';

/** The body as the schema has it; a text says why it is none. */
export function parsed<T>(body: string, schema: z.ZodType<T>, what: string): T | string {
  const opening = body.replace(/\s+/g, ' ').slice(0, 120);
  try {
    const checked = schema.safeParse(JSON.parse(body));
    return checked.success ? checked.data : `not a ${what}: ${opening}`;
  } catch {
    return `not JSON: ${opening}`;
  }
}
