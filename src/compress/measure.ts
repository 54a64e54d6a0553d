/** Sizes of a text beside its source's, and the finished record of a compression. */
import type { JsonObject } from '../core/json.js';
import { tokenReduction } from '../audit/trr.js';
import {
  levelOf,
  type Compression,
  type CompressionFailure,
  type FailureReason,
  type Flag,
  type Measured,
  type SourceItem,
  type Target,
  type TokenCounter,
} from './method.js';
import { goalWords } from './targets.js';
import { countWords } from '../text/sentences.js';

/** Length over the goal, and under it, at which a text is far from its target. */
const FAR_OVER = 1.5;
const FAR_UNDER = 0.4;

/** Measures a text. */
export function measure(text: string, source: string, counter: TokenCounter): Measured {
  const tokens = counter.count(text);
  const sourceTokens = counter.count(source);
  return {
    tokens,
    sourceTokens,
    trr: tokenReduction(sourceTokens, tokens),
    words: countWords(text),
    characters: text.length,
    counter: counter.identity,
  };
}

/** What a method made, before it is measured. */
export interface Made {
  readonly text: string;
  readonly provenance: JsonObject;
  readonly flags: readonly Flag[];
}

/** The finished record: measured, with the flags that measuring brings. */
export function finished(
  method: string,
  target: Target,
  source: string,
  made: Made,
  counter: TokenCounter,
): Compression {
  const measured = measure(made.text, source, counter);
  const flags = new Set(made.flags);
  if (measured.tokens > measured.sourceTokens) flags.add('longer-than-source');
  if (isOffTarget(target, measured.words, countWords(source))) flags.add('off-target');
  const level = levelOf(target);
  return { status: 'done', text: made.text, level, method, provenance: made.provenance, measured, flags: [...flags] };
}

/** Whether a text's words are far from what its target asks for; `ext` has no amount. */
export function isOffTarget(target: Target, words: number, sourceWords: number): boolean {
  if (target === 'ext' || target === 'original') return false;
  const goal = goalWords(target, sourceWords);
  return words > FAR_OVER * goal + 3 || words < FAR_UNDER * goal - 3;
}

/** A failure's record. */
export function failed(method: string, target: Target, reason: FailureReason, message: string): CompressionFailure {
  return { status: 'failed', level: levelOf(target), method, reason, message };
}

/** The item's original text; undefined where it has none or only white space. */
export function sourceText(item: SourceItem): string | undefined {
  const text = item.texts.original?.text;
  return text === undefined || text.trim() === '' ? undefined : text;
}
