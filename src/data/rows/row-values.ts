/** Values of foreign rows read as text, numbers, and right or wrong, however tables and logs write them. */
import { SourceNumber } from '../../files/source-number.js';
import { kindOf } from '../schema.js';
import type { RowContext } from './row-form.js';

const RIGHT = new Set(['true', 't', 'yes', 'y', '1', 'c', 'correct', 'right', 'pass', 'passed', 'success']);
const WRONG = new Set(['false', 'f', 'no', 'n', '0', 'i', 'incorrect', 'wrong', 'fail', 'failed', 'failure', 'error']);

/** Text of a text, number or boolean; undefined of nothing and of anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof SourceNumber) return value.source;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? String(value)
    : undefined;
}

/** Whether a field holds nothing: absent, null, or blank text. */
export function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** A number, however it is written; undefined where it is none. */
export function numberOf(value: unknown): number | undefined {
  const text = textOf(value)?.trim();
  if (text === undefined || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Right or wrong; undefined of what is neither. Numbers count where they are 0 or 1. */
export function verdictOf(value: unknown): boolean | undefined {
  const number = numberOf(value);
  if (number !== undefined) return number === 1 ? true : number === 0 ? false : undefined;
  const text = textOf(value)?.trim().toLowerCase() ?? '';
  return RIGHT.has(text) ? true : WRONG.has(text) ? false : undefined;
}

/** Tells that a field holds something else than is needed. */
export function tellField(context: RowContext, field: string, value: unknown, fix: string): void {
  const what = value === undefined ? 'is missing' : `is ${kindOf(value)}`;
  context.log.add({ ...context.place, field, what, fix, scope: 'item' });
}
