/** An answer that a server streamed unasked, put together into the one that it would have been. */
import { isObject } from '../../core/json.js';
import { parseObject, saysError } from './errors.js';

type Fields = Record<string, unknown>;

/** Whether a body is a stream of events, or of JSON lines. */
export function isStream(body: string): boolean {
  return /^\s*(?:data|event|id|retry)?:/.test(body) || (parseObject(body) === null && jsonLines(body).length > 1);
}

/**
 * The completion that a stream's chunks amount to: content, thoughts and refusal joined, the last reason, usage and names given;
 * the first error where one was sent; null where the stream broke off or holds no chunk.
 */
export function completionOfStream(body: string): Fields | null {
  const { chunks, isDone } = read(body);
  const failed = chunks.find(({ choices, error }) => choices === undefined && saysError(error));
  if (failed !== undefined) return failed;
  const choices = chunks.flatMap(({ choices: all }) => firstOf(all));
  const reason = last(choices, 'finish_reason');
  if (choices.length === 0 || (!isDone && reason === undefined)) return null;
  const parts = choices.flatMap(({ delta, message }) => [delta, message].filter(isObject));
  const isRaw = choices.some(({ text }) => typeof text === 'string');
  return {
    choices: [
      { finish_reason: reason ?? null, ...(isRaw ? { text: joined(choices, 'text') } : {}), message: messageOf(parts) },
    ],
    ...named(chunks, ['model', 'system_fingerprint', 'usage', 'error']),
  };
}

function read(body: string): { readonly chunks: Fields[]; readonly isDone: boolean } {
  if (!/^\s*(?:data|event|id|retry)?:/.test(body)) return { chunks: jsonLines(body), isDone: false };
  const events = body.split(/\r?\n\r?\n|\r\r/).map(eventOf);
  return {
    chunks: events.flatMap(({ name, data }) =>
      objectsOf(data).map((value) => (name === 'error' && value['error'] === undefined ? { error: value } : value)),
    ),
    isDone: events.some(({ data }) => data.includes('[DONE]')),
  };
}

/** An event's name and lines of data. */
function eventOf(block: string): { readonly name: string; readonly data: readonly string[] } {
  const lines = block.split(/\r\n|\n|\r/).map((line) => line.trimStart());
  const field = (name: string): string[] =>
    lines.flatMap((line) => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : []));
  return { name: field('event').join(''), data: field('data') };
}

/** One object over all lines, or one a line, for some servers leave out the blank line between two events. */
function objectsOf(data: readonly string[]): Fields[] {
  const whole = parseObject(data.join('\n'));
  return whole === null ? data.map(parseObject).filter((each) => each !== null) : [whole];
}

function jsonLines(body: string): Fields[] {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  const objects = lines.map(parseObject).filter((each) => each !== null);
  return objects.length === lines.length && objects.some((each) => 'choices' in each) ? objects : [];
}

/** The choice that counts: of several answers the first. */
function firstOf(choices: unknown): Fields[] {
  const all = Array.isArray(choices) ? choices.filter(isObject) : [];
  return all.filter(({ index }) => index === undefined || index === null || index === 0);
}

const THOUGHTS = ['reasoning_content', 'reasoning', 'thinking'] as const;

function messageOf(parts: readonly Fields[]): Fields {
  const contents = parts.flatMap(({ content }): unknown[] => (Array.isArray(content) ? content : [content ?? '']));
  const isPlain = contents.every((content) => typeof content === 'string');
  return {
    content: isPlain ? contents.join('') : contents.map((each) => (typeof each === 'string' ? textPart(each) : each)),
    ...Object.fromEntries(
      [...THOUGHTS, 'refusal'].flatMap((name) => {
        const text = joined(parts, name);
        return text === '' ? [] : [[name, text]];
      }),
    ),
  };
}

function textPart(text: string): Fields {
  return { type: 'text', text };
}

function joined(parts: readonly Fields[], name: string): string {
  return parts.map(({ [name]: value }) => (typeof value === 'string' ? value : '')).join('');
}

function last(parts: readonly Fields[], name: string): unknown {
  return parts.findLast(({ [name]: value }) => value !== undefined && value !== null)?.[name];
}

function named(chunks: readonly Fields[], names: readonly string[]): Fields {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = last(chunks, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
