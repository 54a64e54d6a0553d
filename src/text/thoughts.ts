/** Thoughts that models leave in their answers, in whatever marks their makers chose: tags, tokens, channels. */

/** What a model said, its thoughts left out. */
export interface Said {
  /** Trimmed; empty where there were thoughts alone. */
  readonly text: string;
  /** Whether a thought was begun that never ends; what stood before it is in `text`. */
  readonly unfinished: boolean;
}

const NAMES = 'think(?:ing)?|reasoning';
/** Names that documents use for parts of their own: thoughts only where an answer begins with them. */
const OPENING_NAMES =
  'thoughts?|thought[_-]process|reflection|scratchpad|inner[_-]monologue|chain[_-]of[_-]thoughts?|ant_?thinking|思考';

const BEGINS = [
  `<(?:\\w+:)?(?:${NAMES})(?:\\s[^<>]*)?>`,
  '\\[(?:THINK(?:ING)?|THOUGHTS?|REASONING|think)\\]',
  `<\\|(?:(?:begin|start)(?:[_▁]of)?[_▁])?(?:${NAMES}|thoughts?)(?:[_▁](?:begin|start))?\\|>`,
  '◁think▷',
  '<\\|channel>\\s*(?:thought|analysis)',
  '<unused94>',
];
const BEGINS_ANSWER = [
  `<(?:\\w+:)?(?:${OPENING_NAMES})(?:\\s[^<>]*)?>`,
  "(?:here is|here[’']s) my thought process:",
  'here are my reasoning steps:',
];
const ENDS = [
  `</(?:\\w+:)?(?:${NAMES}|${OPENING_NAMES})\\s*>`,
  '\\[/(?:THINK(?:ING)?|THOUGHTS?|REASONING|think)\\]',
  `<\\|(?:/|end(?:[_▁]of)?[_▁])(?:${NAMES}|thoughts?)\\|>|<\\|(?:${NAMES}|thoughts?)[_▁]end\\|>`,
  '◁/think▷',
  '<channel\\|>',
  '<unused95>',
  '\\[BEGIN FINAL RESPONSE\\]',
];
/** Ends only a thought that was begun. */
const ENDS_BEGUN = ["(?:here is|here[’']s) my response:"];

const MARK = new RegExp(
  [BEGINS, BEGINS_ANSWER, ENDS, ENDS_BEGUN].map((marks) => `(${marks.join('|')})`).join('|'),
  'giu',
);

/** Marks around an answer that stands behind thoughts. */
const AROUND_ANSWER =
  /^(?:<answer>|<\|(?:begin_of_solution|START_RESPONSE)\|>)\s*|\s*(?:<\/answer>|<\|(?:end_of_solution|END_RESPONSE)\|>|\[END FINAL RESPONSE\])$/gi;

/**
 * An answer without its thoughts: those that the server gave apart (`thoughts`) where it gave them here too, whole ones, one whose
 * beginning stood in the prompt, and one that never ends. A mark in quotation marks or backquotes is only spoken of, and stays.
 */
export function withoutThoughts(answer: string, thoughts = ''): Said {
  const text = withoutRepeated(answer, thoughts);
  const { parts, unfinished } = spoken(text);
  const final = finalChannel(parts);
  if (final === null) return { text: '', unfinished: true };
  const isWhole = final === text;
  return { text: (isWhole ? final : final.trim().replace(AROUND_ANSWER, '')).trim(), unfinished };
}

/** Some servers give the thoughts in a field of their own and again before the answer. */
function withoutRepeated(answer: string, thoughts: string): string {
  const [text, repeated] = [answer.trim(), thoughts.trim()];
  return repeated !== '' && text.startsWith(repeated) ? text.slice(repeated.length) : answer;
}

type Kind = 'begins' | 'begins answer' | 'ends' | 'ends begun';

/** What stands outside of thoughts. An end without a beginning makes a thought of all before it. */
function spoken(text: string): { readonly parts: string; readonly unfinished: boolean } {
  let outside = '';
  let from = 0;
  let isThought = false;
  let passed = 0;
  for (const { kind, start, end } of marksIn(text)) {
    if (isThought) {
      if (kind === 'ends' || kind === 'ends begun') [isThought, from] = [false, end];
    } else if (kind === 'begins' || kind === 'begins answer') {
      if (kind === 'begins answer' && (outside + text.slice(from, start)).trim() !== '') passed++;
      else [outside, isThought] = [outside + text.slice(from, start), true];
    } else if (passed > 0) passed--;
    else if (kind === 'ends') [outside, from] = ['', end];
  }
  return { parts: isThought ? outside : outside + text.slice(from), unfinished: isThought };
}

const KINDS: readonly Kind[] = ['begins', 'begins answer', 'ends', 'ends begun'];

function* marksIn(text: string): Generator<{ readonly kind: Kind; readonly start: number; readonly end: number }> {
  for (const match of text.matchAll(MARK)) {
    const { index: start } = match;
    const end = start + match[0].length;
    const isSpokenOf = /["'`“‘«「]/.test(text[start - 1] ?? '') && /["'`”’»」]/.test(text[end] ?? '');
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    if (!isSpokenOf && kind !== undefined) yield { kind, start, end };
  }
}

/** A message of the harmony format: its channel, e.g. `analysis`, `commentary`, `final`, and its text. */
const CHANNEL =
  /(?:<\|channel\|>)?\s*(\w+)[^<`]*(?:<\|constrain\|>[^<`]*)?<\|message\|>([\s\S]*?)(?=<\|(?:end|return|call|start|channel)\|>|$)/g;
/** The same where the tokens were left out in decoding: `analysisWe need …assistantfinalParis`. */
const BARE_CHANNEL = /^(?:analysis|commentary)(?=[\p{Lu}\p{Lo}\s"'“‘])[\s\S]*assistantfinal/u;
const BARE_THOUGHT = /^(?:analysis|commentary)\p{Lu}/u;

/** What was said on the final channel; the text itself where it has no channels, null where none of them is the final one. */
function finalChannel(text: string): string | null {
  const messages = [...text.matchAll(CHANNEL)];
  if (messages.length > 0) {
    const final = messages.filter(([, channel]) => channel === 'final').map(([, , message]) => message ?? '');
    return final.length === 0 ? null : final.join('\n');
  }
  const trimmed = text.trim();
  if (BARE_CHANNEL.test(trimmed)) return trimmed.replace(BARE_CHANNEL, '');
  return BARE_THOUGHT.test(trimmed) ? null : text;
}
