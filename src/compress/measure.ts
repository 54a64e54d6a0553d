/** Sizes of a text beside its source's, and the finished record of a compression. */
import type { JsonObject } from '../core/json.js';
import { tokenReduction } from '../audit/trr.js';
import type {
  Compression,
  CompressionFailure,
  FailureReason,
  Flag,
  Measured,
  SourceItem,
  TokenCounter,
} from './method.js';
import { goalWords, type Target } from './target.js';
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
  readonly method: string;
  readonly target: Target;
  readonly source: string;
  readonly text: string;
  readonly provenance: JsonObject;
  readonly flags: readonly Flag[];
}

/** The finished record: measured, with the flags that measuring brings. */
export function finished(made: Made, counter: TokenCounter): Compression {
  const { method, target, source, text, provenance } = made;
  const measured = measure(text, source, counter);
  const flags = new Set(made.flags);
  if (measured.tokens > measured.sourceTokens) flags.add('longer-than-source');
  if (isOffTarget(target, measured.words, countWords(source))) flags.add('off-target');
  return { status: 'done', text, level: target.level, method, provenance, measured, flags: [...flags] };
}

/** Whether a text's words are far from what its target asks for; where it asks for no amount they never are. */
export function isOffTarget(target: Target, words: number, sourceWords: number): boolean {
  if (target.amount === null) return false;
  const goal = goalWords(target, sourceWords);
  return words > FAR_OVER * goal + 3 || words < FAR_UNDER * goal - 3;
}

/** A failure's record. */
export function failed(method: string, target: Target, reason: FailureReason, message: string): CompressionFailure {
  return { status: 'failed', level: target.level, method, reason, message };
}

/** The item's original text; undefined where it has none or only white space. */
export function sourceText(item: SourceItem): string | undefined {
  const text = item.texts.original?.text;
  return text === undefined || text.trim() === '' ? undefined : text;
}
