/** What tests of the world share: reading an item's texts, and the bundled tokenizer. */
import { join } from 'node:path';
import type { Level } from '../../../src/core/levels.js';
import type { Item } from '../../../src/core/records.js';
import { loadTokenizer, type SizedTokenizer } from '../../../src/models/text/tokenizer.js';

export function textOf(item: Item, level: Level): string {
  const text = item.texts[level]?.text;
  if (text === undefined) throw new Error(`${item.id} has no ${level}`);
  return text;
}

/** Whether an answer stands in a text as whole words. */
export function tells(text: string, answer: string): boolean {
  return ` ${text.replace(/[^\p{L}\p{N}]+/gu, ' ')} `.includes(` ${answer} `);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const BASE_FOLDER = join(import.meta.dirname, '../../../assets/base');

export function bundledTokenizer(): SizedTokenizer {
  return loadTokenizer(BASE_FOLDER);
}
