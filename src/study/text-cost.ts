/** What a training on texts will feed, told from some of its samples: about right, and quick. */
import type { FormSample } from '../forms/form.js';
import type { Tokenizer } from '../models/model.js';
import { passesOf, tokensInAll } from './exposures.js';
import { formPasses, type FormSet } from './form-sets.js';
import { TEMPLATE_TOKENS } from './train-size.js';

export interface TextCost {
  /** Tokens fed in all passes. */
  readonly tokens: number;
  /** Of them, tokens that are learnt: all of a text, of a question its answer. */
  readonly learnt: number;
  /** Of them, tokens that the base writes itself, each pass of them the same. */
  readonly replayed: number;
}

/** Samples of a set that are counted for how long its tokens are. */
const COUNTED = 48;

const known = new WeakMap<FormSet, TextCost>();

/** A set's cost, told once. */
export function textCost(set: FormSet, tokenizer: Tokenizer): TextCost {
  const cost = known.get(set) ?? costOf(set, tokenizer);
  known.set(set, cost);
  return cost;
}

function costOf({ samples, mix: { shares }, exposures, report }: FormSet, tokenizer: Tokenizer): TextCost {
  const each = tokensPerCharacter(samples, tokenizer);
  const answered = (sample: FormSample): number => each * sample.answer.length;
  const fed = (sample: FormSample): number =>
    sample.prompt === null ? answered(sample) : answered(sample) + each * sample.prompt.length + TEMPLATE_TOKENS;
  const passes = formPasses(samples, fed, report.facts);
  const tokens = tokensInAll(shares, passes, exposures);
  const times = passesOf(shares, passes, exposures);
  const sum = (of: (sample: FormSample) => number): number =>
    samples.reduce((total, sample) => total + (times[sample.form] ?? 0) * of(sample), 0);
  const replayed = Math.max(0, tokens - sum(fed));
  return { tokens, learnt: sum(answered) + replayed, replayed };
}

function tokensPerCharacter(samples: readonly FormSample[], tokenizer: Tokenizer): number {
  const step = Math.max(1, Math.floor(samples.length / COUNTED));
  const texts = samples.filter((_, i) => i % step === 0).map(({ prompt, answer }) => `${prompt ?? ''} ${answer}`);
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  return texts.reduce((sum, text) => sum + tokenizer.encode(text).length, 0) / Math.max(1, characters);
}
