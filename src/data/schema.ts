/** Checks shared by all data formats: sound text, answers, and zod's findings turned into problems with place and mending. */
import { z } from 'zod';
import type { Place, ProblemLog, ProblemScope } from './problems.js';
import { SourceNumber } from '../files/source-number.js';

/** What makes a text unusable, or undefined; `allowEmpty` lets blank text pass. */
export function textFault(text: string, allowEmpty = false): { what: string; fix: string } | undefined {
  if (!allowEmpty && text.trim() === '') return { what: 'is empty', fix: 'write text here or remove the record' };
  const lone = /[\uD800-\uDFFF]/u.exec(text);
  if (lone) {
    const what = `holds a lone surrogate (${codeName(text, lone.index)}) at character ${lone.index + 1}`;
    return { what, fix: 'write the whole character' };
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) return { what: `holds a NUL at character ${nul + 1}`, fix: 'remove it' };
  return undefined;
}

function codeName(text: string, index: number): string {
  return `U+${text.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Text that is present, not blank, and well-formed Unicode without NUL. */
export const soundText = z.string().superRefine((text, context) => addFault(text, context, false));

/** Like `soundText`, but may be empty. */
export const soundTextOrEmpty = z.string().superRefine((text, context) => addFault(text, context, true));

function addFault(text: string, context: z.RefinementCtx<string>, allowEmpty: boolean): void {
  const fault = textFault(text, allowEmpty);
  if (fault) context.addIssue({ code: 'custom', message: fault.what, params: { fix: fault.fix } });
}

const spelling = z.instanceof(SourceNumber).transform(({ source }) => source);

/** An answer: text, or a number or boolean taken as its text, a number as its file spells it. */
export const answerText = z.union([spelling, z.number(), z.boolean(), z.string()]).transform(String).pipe(soundText);

/** Any array; its entries are checked one by one. */
export const anyArray = z.array(z.unknown());

const wholeSpelling = spelling.refine((source) => Number.isInteger(Number(source)));

/** An item's or question's id: text or an integer, as its file spells it. */
export const idText = z.union([wholeSpelling, z.int(), z.string()]).transform(String).pipe(soundText);

export interface CheckContext {
  readonly place: Place;
  readonly log: ProblemLog;
}

/** Where a value belongs. */
export interface CheckedPlace {
  /** What is left out with it. */
  readonly scope: ProblemScope;
  /** Its own path in the record; default the record itself. */
  readonly path?: readonly PropertyKey[];
}

/** The value as the schema reads it, or undefined after telling every problem to the log. */
export function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { place, log }: CheckContext,
  { scope, path = [] }: CheckedPlace,
): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const field = fieldPath([...path, ...issue.path]);
    log.add({ ...place, field, scope, ...issueText(issue, valueAt(value, issue.path)) });
  }
  return undefined;
}

/** `a.b[2].c` */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function issueText(issue: z.core.$ZodIssue, value: unknown): { what: string; fix: string } {
  if (issue.code === 'custom') return { what: issue.message, fix: String(issue.params?.['fix'] ?? 'mend it') };
  if (issue.code === 'invalid_type' && value !== undefined)
    return { what: `is ${kindOf(value)}`, fix: `write ${expectedName(issue.expected)} here` };
  if (value === undefined) return { what: 'is missing', fix: 'add it or choose another format with --format' };
  if (issue.code === 'invalid_union') return { what: `is ${kindOf(value)}`, fix: 'write text here' };
  return { what: issue.message, fix: 'mend it' };
}

function expectedName(expected: string): string {
  if (expected === 'string') return 'text';
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

/** A value's kind in words, with a short look at it: `a number (5)`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof SourceNumber) return `a number (${value.source.slice(0, 40)})`;
  if (value instanceof Uint8Array) return `${value.length} bytes that are no text of UTF-8`;
  if (typeof value === 'object') return 'an object';
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return `a ${typeof value} (${shown.slice(0, 40)})`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** Control tokens of chat models, as their tokenizers and templates write them. */
const CONTROL =
  /<\|[\w:. -]{1,40}\|>|<｜[^｜\n]{1,40}｜>|<\/?(?:start|end)_of_(?:turn|image|audio)>|\[\/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS)\]|<<\/?SYS>>|<\/?s>|<(?:bos|eos|pad|unk|mask)>|<\/?(?:think|thinking|tool_call|tool_response)>/;

/** Notes marks that are legal but rarely meant: byte order marks, replacement characters and control tokens inside a text. */
export function noteOddities(text: string, field: string, { place, log }: CheckContext): void {
  if (text.includes('\uFEFF')) log.note('a text holds a byte order mark (U+FEFF); kept as it is', place, field);
  if (CONTROL.test(text))
    log.note(
      'a text holds control tokens of chat models, such as <|im_end|>; to models they are shown as text',
      place,
      field,
    );
  if (text.includes('\uFFFD'))
    log.note('a text holds U+FFFD, which stands for bytes lost earlier; kept as it is', place, field);
}
