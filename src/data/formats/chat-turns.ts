/** Turns of chats as files write them: role and content under any of their usual names, who may learn them, and what is odd told with its place. */
import { isObject } from '../../core/json.js';
import { JsonFault, readJson } from '../../files/json-reader.js';
import { anyArray, check, fieldPath, kindOf, soundTextOrEmpty } from '../schema.js';
import { noteIgnored, type ReadContext } from './format.js';

export type Role = 'system' | 'user' | 'assistant' | 'tool';

export interface Turn {
  readonly role: Role;
  readonly content: string;
  /** Whether an answer of this turn is to be learnt; it may be there to be seen alone. */
  readonly isLearnt: boolean;
}

/** Roles by the names that files have for them, in lower case. */
const ROLES: ReadonlyMap<string, Role> = new Map(
  (
    [
      ['system', 'system developer'],
      ['user', 'user human prompter'],
      ['assistant', 'assistant gpt chatgpt bing bard model bot chatbot ai function_call'],
      ['tool', 'tool function function_response observation ipython'],
    ] as const
  ).flatMap(([role, names]) => names.split(' ').map((name) => [name, role] as const)),
);

const ROLE_FIELDS = ['role', 'from', 'speaker', 'author', 'sender'];
const CONTENT_FIELDS = ['content', 'value', 'text', 'message', 'utterance'];
/** Fields that say whether a turn is learnt: by a weight, or by true and false. */
const LEARNT_FIELDS = ['weight', 'train', 'training', 'trainable', 'loss'];
const USED = new Set([
  ...ROLE_FIELDS,
  ...CONTENT_FIELDS,
  ...LEARNT_FIELDS,
  'tool_calls',
  'tool_call_id',
  'function_call',
]);

type Fields = Readonly<Record<string, unknown>>;

const roleOf = (name: unknown): Role | undefined =>
  typeof name === 'string' ? ROLES.get(name.trim().toLowerCase()) : undefined;

const firstField = (turn: Fields, names: readonly string[]): string | undefined =>
  names.find((name) => Object.hasOwn(turn, name));

/** Whether a value is a list of turns, as one of chats' fields holds it. */
export function isTurns(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    isObject(value[0]) &&
    (firstField(value[0], ROLE_FIELDS) !== undefined || isExchange(value[0]))
  );
}

/** Whether a turn is a question with its answer: `{"human": …, "assistant": …}`. */
function isExchange(turn: Fields): boolean {
  const names = Object.keys(turn).filter((name) => roleOf(name) !== undefined);
  return names.length >= 2 && names.every((name) => typeof turn[name] === 'string');
}

/** The turns that a field holds, as a list or, in tables, as JSON text; undefined after telling every problem to the log. */
export function readTurns(value: unknown, field: string, context: ReadContext): Turn[] | undefined {
  const given = listOf(value, field, context);
  const list =
    given === undefined && value !== undefined
      ? undefined
      : check(anyArray, given, context, { scope: 'item', path: [field] });
  if (!list) return undefined;
  const turns = list.map((turn, index) => readTurn(turn, [field, index], context));
  return turns.includes(undefined) ? undefined : turns.flatMap((each) => each ?? []);
}

function listOf(value: unknown, field: string, { place, log }: ReadContext): unknown {
  if (typeof value !== 'string' || !/^\s*\[/.test(value)) return value;
  try {
    return readJson(value);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const what = `holds a list as text that is not JSON: ${error.what}`;
    log.add({ ...place, field, what, fix: 'write the turns by json.dumps(…)', scope: 'item' });
    return undefined;
  }
}

function readTurn(value: unknown, path: readonly [string, number], context: ReadContext): Turn[] | undefined {
  const tell = (name: string, what: string, fix: string): undefined => {
    context.log.add({
      ...context.place,
      field: fieldPath([...path, name].filter((key) => key !== '')),
      what,
      fix,
      scope: 'item',
    });
    return undefined;
  };
  if (!isObject(value)) return tell('', `is ${kindOf(value)}`, 'write an object with role and content');
  const named = firstField(value, ROLE_FIELDS);
  if (named === undefined && isExchange(value)) return exchangeTurns(value);
  const role = roleOf(value[named ?? 'role']);
  if (named === undefined) return tell('role', 'is missing', 'say who speaks: system, user, assistant or tool');
  if (!role) return tell(named, `is ${kindOf(value[named])}, no known role`, 'use system, user, assistant or tool');
  const content = readContent(value, path, context);
  noteIgnored(value, USED, context, path);
  return content === undefined ? undefined : [{ role, content, isLearnt: isLearnt(value, role, path, context) }];
}

function exchangeTurns(value: Fields): Turn[] {
  return Object.entries(value).flatMap(([name, content]) => {
    const role = roleOf(name);
    return role === undefined || typeof content !== 'string' ? [] : [{ role, content, isLearnt: true }];
  });
}

/** A turn's text: a string, the texts of its parts, or of a turn that calls tools the calls. */
function readContent(turn: Fields, path: readonly PropertyKey[], context: ReadContext): string | undefined {
  const field = firstField(turn, CONTENT_FIELDS) ?? 'content';
  const value = turn[field];
  const calls = turn['tool_calls'] ?? turn['function_call'];
  if ((value === null || value === undefined || value === '') && calls !== undefined && calls !== null)
    return JSON.stringify(calls);
  const other: unknown = Array.isArray(value) ? value.find((part) => isObject(part) && !isTextPart(part)) : undefined;
  if (isObject(other)) {
    const what = `holds a part of the type ${JSON.stringify(other['type'])?.slice(0, 40)}`;
    context.log.add({
      ...context.place,
      field: fieldPath([...path, field]),
      what,
      fix: 'give parts of text alone',
      scope: 'item',
    });
    return undefined;
  }
  const text = Array.isArray(value) ? partsText(value) : value;
  return check(soundTextOrEmpty, text, context, { scope: 'item', path: [...path, field] });
}

/** Texts of a message's parts; the list itself where one of them is no text. */
function partsText(parts: readonly unknown[]): unknown {
  const texts = parts.map((part) =>
    isObject(part) && typeof part['text'] === 'string' && isTextPart(part) ? part['text'] : part,
  );
  return texts.every((text) => typeof text === 'string') ? texts.join('\n') : parts;
}

const isTextPart = ({ type }: Fields): boolean =>
  type === undefined || type === 'text' || type === 'input_text' || type === 'output_text';

function isLearnt(turn: Fields, role: Role, path: readonly PropertyKey[], { place, log }: ReadContext): boolean {
  if (role !== 'assistant') return true;
  const field = fieldPath(path);
  const calls = turn['tool_calls'] ?? turn['function_call'];
  if ((calls !== undefined && calls !== null) || turn[firstField(turn, ROLE_FIELDS) ?? ''] === 'function_call') {
    log.note('a turn that calls tools is shown, not learnt', place, field);
    return false;
  }
  const flag = LEARNT_FIELDS.find((name) => turn[name] !== undefined && turn[name] !== null);
  const weight = flag === undefined ? 1 : Number(turn[flag]);
  if (weight === 0) log.note('an answer of weight 0 (or train: false) is shown, not learnt', place, field);
  else if (weight !== 1) log.note('a weight other than 0 and 1 counts as 1', place, field);
  return weight !== 0;
}
