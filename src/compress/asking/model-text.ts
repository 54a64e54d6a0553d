/** A condensed text from a model: cleaned, checked, asked again once where it is unusable or far too long. */
import type { ChatModel } from '../../llm/chat-model.js';
import { cleaned, faultOf, type Cleaned } from './clean.js';
import { ask, type Judgement, type Usage } from './ask-again.js';
import type { Flag } from '../method.js';
import type { OutputLanguage, Prompt } from './prompts.js';
import { countWords } from '../../text/sentences.js';

/** Tokens allowed per word asked for, and at least: words are up to three tokens, and a cut answer is a lost one. */
const TOKENS_PER_WORD = 4;
const LEAST_TOKENS = 160;
/** An answer over this share of the goal is asked for again, shorter. */
const TOO_LONG = 1.5;

export interface TextRequest {
  readonly prompt: Prompt;
  readonly source: string;
  readonly goalWords: number;
  readonly language: OutputLanguage;
  readonly retries: number;
  readonly signal: AbortSignal | undefined;
}

/** The text; throws AskFailure. */
export async function askForText(model: ChatModel, request: TextRequest, usage: Usage): Promise<Cleaned> {
  const options = {
    maxTokens: outputTokens(request.goalWords),
    grow: false, // an answer this long is too long in any case
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
  const judge = (answer: string): Judgement<Cleaned> => judged(cleaned(answer), request);
  const { messages } = request.prompt;
  const whenCut = `That was far too long and was cut. Write it again with at most ${request.goalWords} words.`;
  const { value, askedAgain } = await ask(
    model,
    { messages, options, retries: request.retries, judge, whenCut },
    usage,
  );
  const again: Flag[] = askedAgain ? ['asked-again'] : [];
  return { text: value.text, flags: [...value.flags, ...again] };
}

/** The most tokens an answer of so many words may take. */
export function outputTokens(words: number): number {
  return Math.max(LEAST_TOKENS, Math.ceil(words * TOKENS_PER_WORD * TOO_LONG));
}

function judged(answer: Cleaned, { source, prompt, language, goalWords }: TextRequest): Judgement<Cleaned> {
  const fault = faultOf(answer.text, { source, instructions: prompt.instructions, language });
  if (fault !== undefined) return fault;
  const words = countWords(answer.text);
  const limit = Math.min(TOO_LONG * goalWords + 3, Math.max(countWords(source), 1));
  if (words <= limit) return { take: answer };
  const complaint = `That had ${words} words. Write it again with at most ${goalWords} words.`;
  return { reason: 'longer-than-source', complaint, else: answer };
}
