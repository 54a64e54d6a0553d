/** What models put around an answer, taken off; and answers that are none, told by name. */
import { isRefusal } from '../../text/refusal.js';
import { withoutThoughts } from '../../text/thoughts.js';
import { differsInLanguage, languageOf } from '../../text/language.js';
import type { FailureReason, Flag } from '../method.js';

export interface Cleaned {
  readonly text: string;
  readonly flags: readonly Flag[];
}

const FENCE = /^```[\w-]*[ \t]*\n?([\s\S]*?)\n?```\s*$/;
/** The marks that stand around the text in a prompt, around an answer and anywhere in it. */
const MARKS_AROUND = /^(?:<text-[0-9a-f]{8}>\s*)?([\s\S]*?)(?:\s*<\/text-[0-9a-f]{8}>)?$/;
const MARK = /<\/?text-[0-9a-f]{8}>/;
const FENCE_INSIDE = /```[\w-]*[ \t]*\n([\s\S]*?)\n```/;

/** "Here is the summary:", "Sure! …:", "Summary:", in English and Chinese, on a line of its own or before the text. */
const PREAMBLES: readonly RegExp[] = [
  /^(?:(?:sure|certainly|of course|okay|ok|absolutely)[!,.]?\s*)?(?:here(?:['’]s| is| are)|below is|the following is)\b[^\n:]{0,120}:\s*/i,
  /^(?:sure|certainly|of course|okay|absolutely)[!.]\s+/i,
  /^\**(?:summary|condensed (?:text|version)|compressed (?:text|version)|shortened (?:text|version)|rewritten text|output|answer)\**\s*(?:\([^)\n]{0,40}\))?\s*:\**\s*/i,
  /^(?:以下是|这是)[^\n：:]{0,40}[：:]\s*/,
  /^(?:摘要|总结|概要)[：:]\s*/,
];

/** "Let me know if …", "(52 words)" after the text. */
const POSTAMBLES: readonly RegExp[] = [
  /\n+\s*\(?(?:word count|words|字数)\s*[:：]?\s*\d+\)?\s*$/i,
  /\s*\(\d+ words?\)\s*$/i,
  /\n+\s*(?:let me know|i hope this|feel free|would you like|please let me)\b[^\n]*$/i,
];

/** The answer without thinking, fences, preambles, and quotation marks around the whole. */
export function cleaned(answer: string): Cleaned {
  const flags = new Set<Flag>();
  let { text } = withoutThoughts(answer);
  for (const [clean, flag] of CLEANERS) {
    const without = clean(text.trim());
    if (without === text.trim() || without.trim() === '') continue;
    text = without;
    flags.add(flag);
  }
  return { text: text.trim(), flags: [...flags] };
}

/** A preamble may stand before a fence or within it. */
const CLEANERS: readonly (readonly [(text: string) => string, Flag])[] = [
  [(text) => MARKS_AROUND.exec(text)?.[1] ?? text, 'fence-removed'],
  [withoutFence, 'fence-removed'],
  [withoutComments, 'preamble-removed'],
  [withoutFence, 'fence-removed'],
  [withoutQuotes, 'quotes-removed'],
];

function withoutFence(text: string): string {
  const fenced = FENCE.exec(text) ?? (isMostlyFence(text) ? FENCE_INSIDE.exec(text) : null);
  return fenced?.[1] ?? text;
}

function withoutComments(text: string): string {
  return [...PREAMBLES, ...POSTAMBLES].reduce((current, pattern) => {
    const without = current.replace(pattern, '');
    return without.trim() === '' ? current : without;
  }, text);
}

function withoutQuotes(text: string): string {
  const quoted = /^(?:"([^"]+)"|“([^”]+)”|「([^」]+)」)$/.exec(text);
  return quoted?.[1] ?? quoted?.[2] ?? quoted?.[3] ?? text;
}

function isMostlyFence(text: string): boolean {
  const inside = FENCE_INSIDE.exec(text)?.[1] ?? '';
  return inside.length > 0.6 * text.length;
}

/** What is wrong with an answer that should be a compressed text. */
export interface Fault {
  readonly reason: FailureReason;
  /** What to tell the model before asking again. */
  readonly complaint: string;
}

export interface AnswerContext {
  readonly source: string;
  /** The instructions the model was given. */
  readonly instructions: string;
  readonly language: 'source' | 'english';
}

/** The first thing that makes an answer unusable; undefined where it is sound. */
export function faultOf(text: string, context: AnswerContext): Fault | undefined {
  if (text === '') return { reason: 'empty', complaint: 'Your answer was empty. Write the text.' };
  if (isRefusal(text)) return { reason: 'refusal', complaint: 'Only condense the text; nothing else is asked.' };
  if (MARK.test(text) || echoes(text, context.instructions)) {
    return { reason: 'echo', complaint: 'You repeated the instructions. Write only the condensed text.' };
  }
  if (wrongLanguage(text, context)) {
    const wanted = context.language === 'english' ? 'English' : 'the language of the given text';
    return { reason: 'wrong-language', complaint: `Write in ${wanted}.` };
  }
  return undefined;
}

function wrongLanguage(text: string, { source, language }: AnswerContext): boolean {
  if (language === 'source') return differsInLanguage(source, text);
  const found = languageOf(text);
  return found !== null && found !== 'en';
}

const ECHO_WORDS = 8;

/** Whether a run of eight words of the instructions stands in the answer. */
function echoes(text: string, instructions: string): boolean {
  const words = plainWords(text);
  if (words.length < ECHO_WORDS) return false;
  const told = ` ${plainWords(instructions).join(' ')} `;
  for (let i = 0; i + ECHO_WORDS <= words.length; i++) {
    if (told.includes(` ${words.slice(i, i + ECHO_WORDS).join(' ')} `)) return true;
  }
  return false;
}

function plainWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
