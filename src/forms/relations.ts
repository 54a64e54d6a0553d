/** What extractions state, subject by subject, and what happened when and where: facts of an object with `relations` and `events`. */
import { isObject, jsonIn } from '../core/json.js';

/** One statement: of a subject by a relation, which is a verb with its words or a noun. */
export interface Relation {
  readonly subject: string;
  readonly relation: string;
  readonly object: string;
}

export interface Extraction {
  readonly relations: readonly Relation[];
  /** Events told in a sentence each. */
  readonly sentences: readonly string[];
}

/** What an object with `relations` states; null where a text is none. */
export function extractionOf(text: string): Extraction | null {
  if (!text.trimStart().startsWith('{')) return null;
  const parsed = jsonIn(text);
  if (!isObject(parsed) || !Array.isArray(parsed['relations'])) return null;
  const relations: unknown[] = parsed['relations'];
  const events: unknown[] = Array.isArray(parsed['events']) ? parsed['events'] : [];
  return {
    relations: [...relations.flatMap(relationOf), ...events.flatMap(circumstances)],
    sentences: events.filter((event) => typeof event === 'string'),
  };
}

function relationOf(entry: unknown): Relation[] {
  if (!isObject(entry)) return [];
  const [subject, relation, object] = [entry['subject'], entry['relation'], entry['object']].map(textOf);
  return subject === undefined || relation === undefined || object === undefined ? [] : [{ subject, relation, object }];
}

/** When and where an event was. */
function circumstances(event: unknown): Relation[] {
  const subject = isObject(event) ? textOf(event['event']) : undefined;
  if (subject === undefined || !isObject(event)) return [];
  return ['time', 'place'].flatMap((relation) => {
    const object = textOf(event[relation]);
    return object === undefined ? [] : [{ subject, relation, object }];
  });
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

const VERB =
  /^(?:is|are|was|were|be|has|have|had|will|can|could|may|might|must|shall|should|would|does|did|do|became|becomes|began|left|went|won|led|made|took|held|built|wrote|met|born|known)\b|^\p{Ll}+(?:ed|es|[^sui]s)\b(?! (?:of|for|in) (?:the )?$)/u;

/** Whether a relation is said with a verb (`is the mayor of`, `lives in`), not by a noun (`mayor`, `place of birth`). */
export function isVerbal(relation: string): boolean {
  return VERB.test(relation) || /\b(?:in|of|by|at|to|from|on|with|as|for)$/.test(relation);
}
