/** What a process said last before it ended: why it did, in its own words. */
import type { ChildProcess } from 'node:child_process';

/** Characters that are kept. */
export const LAST_WORDS = 2_000;

/** Keeps the end of what a process writes to standard error, and why it could not be started. */
export function listenTo(child: ChildProcess): () => string {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-LAST_WORDS)));
  child.on('error', (error) => (words += error.message));
  return () => words;
}

/** The last line of it; empty where nothing was said. */
export function lastLine(words: string): string {
  return words.trim().split('\n').at(-1)?.trim() ?? '';
}
