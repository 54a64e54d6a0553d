/** The study file as JSON Schema, for editors, for its reference, and for what may have been meant by a key that is not known. */
import { z } from 'zod';
import { isObject } from '../core/json.js';
import { spelt } from '../core/spelling.js';
import { studySchema } from './config.js';

/** What of JSON Schema (draft 2020-12) a study file's schema is made of. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
}

let made: JsonSchema | undefined;

/** The schema of what may be written in a study file. */
export function studyJsonSchema(): JsonSchema {
  made ??= {
    ...(z.toJSONSchema(studySchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema),
    title: 'lightmem study',
  };
  return made;
}

/** Keys known at a place of the file: of all forms that may stand there. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  const at = path.reduce<readonly JsonSchema[]>(
    (schemas, key) => schemas.flatMap((each) => below(each, key)),
    [studyJsonSchema()],
  );
  return [...new Set(at.flatMap(formsOf).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

/** A schema, or the schemas of which it allows any. */
export function formsOf(schema: JsonSchema): JsonSchema[] {
  const forms = schema.anyOf ?? schema.oneOf;
  return forms === undefined ? [schema] : forms.flatMap(formsOf);
}

function below(schema: JsonSchema, key: PropertyKey): JsonSchema[] {
  return formsOf(schema).flatMap(({ properties, additionalProperties, items }) => {
    const own = properties?.[String(key)] ?? (typeof key === 'number' ? items : undefined);
    return own ?? (typeof additionalProperties === 'object' ? additionalProperties : []);
  });
}

/** The value with keys in American spelling written as the schema has them. */
export function inOurSpelling(value: unknown, path: readonly PropertyKey[] = []): unknown {
  if (Array.isArray(value)) return value.map((entry, index) => inOurSpelling(entry, [...path, index]));
  if (!isObject(value)) return value;
  const known = keysAt(path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = spelt(key, known) ?? key;
      const isTaken = name !== key && Object.hasOwn(value, name);
      return [isTaken ? key : name, inOurSpelling(inner, [...path, name])];
    }),
  );
}
