/** One raw record of a file, before any format has read it. */
import type { Place } from '../problems.js';

export interface SourceRecord {
  readonly value: unknown;
  readonly place: Place;
}

/** Longest record read: 128 MiB, far above any document, so that one endless line cannot take all memory. */
export const MAX_RECORD_BYTES = 128 * 1024 * 1024;
