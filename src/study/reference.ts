/** The reference of the study file in Markdown, made from its schema. */
import { z } from 'zod';
import type { MethodEntry } from '../compress/entry.js';
import { METHODS } from '../compress/registry.js';
import { formsOf, studyJsonSchema, type JsonSchema } from './json-schema.js';

interface Entry {
  readonly key: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** Every key of a study file: what it is, what it accepts, its default; one table a part of the file. */
export function studyReference(): string {
  const { properties = {}, required = [] } = studyJsonSchema();
  const entries = Object.entries(properties).map(([key, schema]) => ({
    key,
    schema,
    isRequired: required.includes(key),
  }));
  const plain = entries.filter(({ schema }) => partsOf(schema).length === 0);
  const parts = entries.filter(({ schema }) => partsOf(schema).length > 0);
  const sections = parts.map(({ key, schema }) => [
    `### \`${key}\``,
    '',
    ...(schema.description === undefined ? [] : [schema.description, '']),
    ...tableOf(rowsOf(schema, '')),
  ]);
  return [
    ...['### At the top', '', ...tableOf([...plain, ...parts]), ''],
    ...sections.flatMap((lines) => [...lines, '']),
    ...METHODS.flatMap(methodSection),
  ].join('\n');
}

/** What a method can be told beside `method`, `words` and `ratio`. */
function methodSection({ name, about, options }: MethodEntry): string[] {
  const entries = rowsOf(z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }) as JsonSchema, '');
  const told = entries.length === 0 ? ['It has no options.'] : tableOf(entries);
  return [`### \`texts\` by method \`${name}\``, '', `${about[0]?.toUpperCase()}${about.slice(1)}.`, '', ...told, ''];
}

/** The objects that may stand at a place, itself or in a list or record there. */
function partsOf(schema: JsonSchema): JsonSchema[] {
  return formsOf(schema).flatMap((form) => {
    if (form.properties !== undefined) return [form];
    if (form.items !== undefined) return partsOf(form.items);
    return typeof form.additionalProperties === 'object' ? partsOf(form.additionalProperties) : [];
  });
}

/** Keys of all forms of a part, each once, with those of parts within behind a dot; those of `train` have a table of their own. */
function rowsOf(schema: JsonSchema, prefix: string): Entry[] {
  const entries = new Map<string, Entry>();
  const forms = partsOf(schema);
  for (const { properties = {}, required = [] } of forms)
    for (const [name, own] of Object.entries(properties)) {
      if (own.not !== undefined) continue;
      const known = entries.get(name);
      const schema = known === undefined ? own : merged(known.schema, own);
      const isRequired = required.includes(name) && (known?.isRequired ?? true);
      entries.set(name, { key: `${prefix}${name}`, schema, isRequired });
    }
  return [...entries.values()].flatMap((entry) =>
    entry.key === 'train' ? [entry] : [entry, ...rowsOf(entry.schema, `${entry.key}.`)],
  );
}

/** One entry for a key that stands in two forms, such as `book: open` and `book: closed`. */
function merged(a: JsonSchema, b: JsonSchema): JsonSchema {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  return { anyOf: [...formsOf(a), ...formsOf(b)] };
}

function tableOf(entries: readonly Entry[]): string[] {
  const lines = entries.map(({ key, schema, isRequired }) =>
    [code(key), whatOf(schema), acceptedOf(schema), isRequired ? 'required' : defaultOf(schema)].map(cell).join(' | '),
  );
  return [
    '| key | what it is | accepted | default |',
    '| --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ];
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', '⏎');
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const code = (text: string): string => `\`${text}\``;

function whatOf(schema: JsonSchema): string {
  if (schema.description !== undefined) return schema.description;
  return formsOf(schema)
    .flatMap((form) => {
      if (form.description === undefined) return [];
      return form.const === undefined ? form.description : `${code(shown(form.const))}: ${form.description}`;
    })
    .join(' ');
}

function acceptedOf(schema: JsonSchema): string {
  return [...new Set(formsOf(schema).map(acceptedForm))].join(', or ');
}

function acceptedForm(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(shown(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((each) => code(shown(each))).join(', ');
  if (schema.prefixItems !== undefined)
    return `a list of ${schema.prefixItems.length}: ${schema.prefixItems.map(acceptedOf).join('; ')}`;
  if (schema.items !== undefined)
    return partsOf(schema.items).length > 0 ? 'a list of the following' : `a list: ${acceptedOf(schema.items)}`;
  if (schema.properties !== undefined) return 'the following keys';
  if (typeof schema.additionalProperties === 'object')
    return partsOf(schema.additionalProperties).length > 0
      ? 'names, each with the following keys'
      : `names, each with ${acceptedOf(schema.additionalProperties)}`;
  return simpleForm(schema);
}

function simpleForm({ type, minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  if (type === 'boolean') return '`true`, `false`';
  if (type === 'string') return 'text';
  if (type !== 'integer' && type !== 'number') return type ?? 'anything';
  const kind = type === 'integer' ? 'an integer' : 'a number';
  const low = exclusiveMinimum === undefined ? `from ${minimum ?? 0}` : `above ${exclusiveMinimum}`;
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `${kind} ${low} on`
    : `${kind} ${low} to ${number(maximum)}`;
}

const number = (value: number): string => (value >= 10_000 ? value.toLocaleString('en') : String(value));

function defaultOf(schema: JsonSchema): string {
  const value = schema.default;
  if (value === undefined) return '–';
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (isEmpty) return Array.isArray(value) ? 'none' : '–';
  return code(shown(value));
}
