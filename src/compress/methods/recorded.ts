/** Texts made elsewhere: those an item already has, or those of a file, by item and level. */
import { z } from 'zod';
import { text } from '../../core/setting-schemas.js';
import type { Json } from '../../core/json.js';
import type { LevelText } from '../../core/records.js';
import { defineMethod, type MethodTools, type RecordedTexts } from '../entry.js';
import { failed, finished, sourceText } from '../measure.js';
import type { Compression, CompressionFailure, SourceItem, TextMaker, TokenCounter } from '../method.js';
import type { Target } from '../target.js';

/** The entry. What it reads is part of what each text is known by, so that the file's name need not be. */
export const recorded = defineMethod({
  name: 'recorded',
  about: 'texts that the data set, or another one with the same ids, already has',
  forms: [],
  makesOthers: true,
  readsLevelName: true,
  takesAmounts: false,
  model: 'none',
  options: z.strictObject({
    /** A data set whose texts go before those of the item itself. */
    file: text.optional(),
  }),
  version: { version: 1 },
  identity: () => ({}),
  make: async ({ file }, tools) => new Recording(file === undefined ? new Map() : await tools.recorded(file), tools),
});

class Recording implements TextMaker {
  readonly #texts: RecordedTexts;
  readonly #counter: TokenCounter;

  constructor(texts: RecordedTexts, { counter }: MethodTools) {
    this.#texts = texts;
    this.#counter = counter;
  }

  reads(item: SourceItem, target: Target): Json {
    return [item.id, this.#found(item, target)?.text ?? null];
  }

  compress(item: SourceItem, target: Target): Promise<Compression | CompressionFailure> {
    return Promise.resolve(this.#compress(item, target));
  }

  #compress(item: SourceItem, target: Target): Compression | CompressionFailure {
    const source = sourceText(item);
    const found = this.#found(item, target);
    if (source === undefined) return failed(recorded.name, target, 'no-source', `item ${item.id} has no original text`);
    if (found === undefined || found.text.trim() === '')
      return failed(recorded.name, target, 'no-source', `item ${item.id} has no recorded text at ${target.level}`);
    const provenance = { ...found.provenance, recordedMethod: found.method };
    return finished({ method: recorded.name, target, source, text: found.text, provenance, flags: [] }, this.#counter);
  }

  #found(item: SourceItem, { level }: Target): LevelText | undefined {
    return this.#texts.get(item.id)?.[level] ?? item.texts[level];
  }
}
