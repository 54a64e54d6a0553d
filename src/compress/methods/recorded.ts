/** Texts made elsewhere: those an item already has, or those of a file, by item and level. */
import type { Json } from '../../core/json.js';
import type { Level } from '../../core/levels.js';
import type { LevelText } from '../../core/records.js';
import { failed, finished, sourceText } from '../measure.js';
import {
  levelOf,
  type Compression,
  type CompressionFailure,
  type CompressionMethod,
  type SourceItem,
  type Target,
  type TokenCounter,
} from '../method.js';

/** Recorded texts by item id. */
export type RecordedTexts = ReadonlyMap<string, Readonly<Partial<Record<Level, LevelText>>>>;

export interface RecordedSettings {
  readonly counter: TokenCounter;
  /** Texts that go before those of the item itself. */
  readonly texts?: RecordedTexts;
}

export class Recorded implements CompressionMethod {
  readonly name = 'recorded';
  readonly identity: Json;

  constructor(readonly settings: RecordedSettings) {
    this.identity = { method: this.name, version: 1 };
  }

  serves(level: Level): boolean {
    return level !== 'original';
  }

  compress(item: SourceItem, target: Target): Promise<Compression | CompressionFailure> {
    const level = levelOf(target);
    const source = sourceText(item);
    const recorded = this.settings.texts?.get(item.id)?.[level] ?? item.texts[level];
    if (source === undefined) {
      return Promise.resolve(failed(this.name, target, 'no-source', `item ${item.id} has no original text`));
    }
    if (recorded === undefined || recorded.text.trim() === '') {
      return Promise.resolve(
        failed(this.name, target, 'no-source', `item ${item.id} has no recorded text at ${level}`),
      );
    }
    const made = {
      text: recorded.text,
      provenance: { ...recorded.provenance, recordedMethod: recorded.method },
      flags: [],
    };
    return Promise.resolve(finished(this.name, target, source, made, this.settings.counter));
  }
}
