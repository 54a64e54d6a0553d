/** Samples fitted into the context limit by the prompt renderer itself, so that the audit sees what training will see. */
import { UserError } from '../core/errors.js';
import type { Question, Sample } from '../core/records.js';
import { ANSWER_ROOM, type PromptRenderer } from '../models/text/prompt.js';
import type { FittedSample, SampleFitter } from './truncation.js';

/** Tokens by which a count of the parts may differ from that of the whole; closer to the limit than this, the whole is counted. */
const MARGIN = 16;
/** A text this many times longer than the limit, in characters per token of the limit, is looked at from its start only. */
const HEAD_CHARACTERS = 24;

/** Stands for the text while the prompt around it is found. */
const MARK = '\u0001';

/** A fitter for one renderer; `maxLength` counts the prompt and the room kept for its answer, `limit` the prompt alone. */
export function promptFitter(
  renderer: PromptRenderer,
  maxLength: number,
  limit: number = Math.max(1, maxLength - ANSWER_ROOM),
): SampleFitter {
  const { tokenizer } = renderer.model;
  const counts = new Map<string, number>();
  const countOf = (text: string): number => {
    if (counts.size > 10_000) counts.clear();
    const tokens = counts.get(text) ?? tokenizer.encode(text).length;
    counts.set(text, tokens);
    return tokens;
  };
  const [empty] = renderer.promptTokens([{ ...emptySample, context: '' }], Infinity);
  const around = empty?.prompt.length ?? 0;
  const answers = new Map<string, number>();
  const answerCount = (answer: string): number => {
    const tokens = answers.get(answer) ?? renderer.answerTokens(answer).length;
    if (answers.size < 10_000) answers.set(answer, tokens);
    return tokens;
  };
  return {
    maxLength,
    fit(context, contextTokens, question) {
      const answer = question.answers[0] ?? '';
      const prompt = around + contextTokens + countOf(question.prompt);
      const uncutTokens = prompt + answerCount(answer);
      if (prompt + MARGIN <= limit) return whole(context, uncutTokens);
      return { ...fitExactly(renderer, limit, context, question), uncutTokens };
    },
  };
}

const emptySample = { id: '', item: '', question: '', prompt: '', answer: '' };

function whole(context: string, uncutTokens: number): FittedSample {
  return { uncutTokens, context, shortened: false, hasWholeQuestion: true, hasWholeAnswer: true, fits: true };
}

/** Renders and tokenizes the sample, and reads back what is left of its parts. */
function fitExactly(
  renderer: PromptRenderer,
  limit: number,
  context: string,
  question: Question,
): Omit<FittedSample, 'uncutTokens'> {
  const sample = { ...emptySample, prompt: question.prompt, answer: question.answers[0] ?? '' };
  const tokenized = tokenizeOrRefuse(renderer, { ...sample, context: headOf(renderer, context, limit) }, limit);
  if (!tokenized) return { context: '', shortened: true, hasWholeQuestion: false, hasWholeAnswer: false, fits: false };
  const { tokenizer } = renderer.model;
  const marked = renderer.render({ ...sample, context: MARK });
  const [before = '', after = ''] = marked.prompt.split(MARK).map((part) => part.normalize('NFC'));
  const prompt = tokenizer.decode(tokenized.prompt).normalize('NFC');
  const hasWholeQuestion = prompt.endsWith(after);
  const from = Math.max(0, prompt.indexOf(before)) + before.length;
  return {
    context: tokenized.contextTruncated
      ? prompt.slice(from, hasWholeQuestion ? prompt.length - after.length : undefined)
      : context,
    shortened: tokenized.contextTruncated,
    hasWholeQuestion,
    hasWholeAnswer: tokenizer.decode(tokenized.answer).normalize('NFC') === marked.answer.normalize('NFC'),
    fits: true,
  };
}

/** The start of a text far longer than the limit: what is kept of it is the same, and counting the rest again takes long. */
function headOf(renderer: PromptRenderer, context: string, limit: number): string {
  if (context.length <= 2 * HEAD_CHARACTERS * limit) return context;
  const head = context.slice(0, HEAD_CHARACTERS * limit);
  return renderer.model.tokenizer.encode(head).length > limit + MARGIN ? head : context;
}

function tokenizeOrRefuse(renderer: PromptRenderer, sample: Sample, limit: number) {
  try {
    return renderer.tokenize([sample], limit)[0];
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
