/** Sentences, clauses and numbers of words, in any script. */
import { UNSPACED } from './scripts.js';

const SENTENCES = new Intl.Segmenter('und', { granularity: 'sentence' });

/** Ends that are no sentence ends: titles, initials, `No.` and the like. */
const ABBREVIATION =
  /(?:^|[\s(“"'])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|No|Nos|vs|etc|e\.g|i\.e|cf|Gen|Col|Lt|Capt|Sgt|Rev|Hon|Gov|Sen|Rep|Inc|Ltd|Co|Corp|Mt|Ft|approx|ca|c|\p{Lu})\.\s*$/u;

/** A full stop without a blank after it, as where paragraphs were joined: `… area.Springfield was …`. */
const GLUED = /(?<=[\p{Ll}\p{Nd})\]”"]{2}[.!?])(?=\p{Lu}[\p{Ll}])/u;

/** The sentences of a text; joined, they are the text. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const piece of pieces(text)) {
    open += piece;
    if (ABBREVIATION.test(open) && !/\n\s*$/.test(open)) continue;
    sentences.push(open);
    open = '';
  }
  if (open !== '') sentences.push(open);
  return sentences;
}

function* pieces(text: string): Generator<string> {
  for (const chunk of chunks(text)) {
    let opening = '';
    for (const { segment } of SENTENCES.segment(chunk)) {
      const whole = opening + segment;
      opening = OPENING.exec(whole)?.[0] ?? '';
      for (const piece of whole.slice(0, whole.length - opening.length).split(GLUED)) yield* partedByBlanks(piece);
    }
    if (opening !== '') yield opening;
  }
}

/** Brackets and quotation marks that open behind a sentence: they belong to the next. */
const OPENING = /(?<=\p{Sentence_Terminal}["'”’)」』]*\s*)[「『（〈《【〔“‘«(\[]+\s*$/u;

/** Thai and Lao end a sentence with a blank, and set blanks beside names and numbers too: those before a long run, behind as much, are ends. */
const AFTER_BLANK = /(?<=\s)(?=[\p{Script=Thai}\p{Script=Lao}]{10})/u;
const LEAST_LETTERS = 10;

function partedByBlanks(sentence: string): string[] {
  const parts: string[] = [];
  for (const piece of sentence.split(AFTER_BLANK)) {
    const open = parts.at(-1);
    const letters = open?.match(/[\p{Script=Thai}\p{Script=Lao}]/gu)?.length ?? LEAST_LETTERS;
    if (open === undefined || letters >= LEAST_LETTERS) parts.push(piece);
    else parts[parts.length - 1] = open + piece;
  }
  return parts;
}

/** Ends in Chinese or Japanese, behind which no blank stands. */
const ENDS_WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef…]["'”’)]*$/u;

/** Sentences of a text, some left out, as a text: between two stand a line end or a blank where the source has one, or the script wants one. */
export function joinedSentences(sentences: readonly string[]): string {
  return sentences
    .map((sentence) => {
      const whole = sentence.trim();
      if (/\n\s*$/.test(sentence)) return `${whole}\n`;
      return ENDS_WIDE.test(whole) && !/[ \t\u00a0]$/.test(sentence) ? whole : `${whole} `;
    })
    .join('')
    .trim();
}

const STOPS: readonly (readonly [script: RegExp, stop: string])[] = [
  [/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u, '。'],
  [/\p{Script=Devanagari}$/u, '।'],
  [/\p{Script=Khmer}$/u, '។'],
  [/\p{Script=Myanmar}$/u, '။'],
  [/\p{Script=Ethiopic}$/u, '።'],
  [/\p{Script=Armenian}$/u, '։'],
  [/[\p{Script=Thai}\p{Script=Lao}]\p{M}*$/u, ''],
];

/** A statement as a sentence: with the stop of its script where it ends in none. */
export function asSentence(statement: string): string {
  const whole = statement.trim();
  if (/[\p{Sentence_Terminal}…]["'”’)」』]*$/u.test(whole)) return whole;
  return whole + (STOPS.find(([script]) => script.test(whole))?.[1] ?? '.');
}

/** The segmenter's time per sentence grows with its text, so long texts go to it in chunks, cut after a line or sentence. */
const CHUNK = 4000;

function* chunks(text: string): Generator<string> {
  let from = 0;
  while (text.length - from > CHUNK) {
    const window = text.slice(from, from + CHUNK);
    const cuts = [...window.matchAll(/\n|[.!?]["”’)]?\s(?=[^\s\p{Ll}])|[。！？｡।۔؟።။។]/gu)];
    const last = cuts.at(-1);
    const end = last === undefined ? window.lastIndexOf(' ') + 1 : last.index + last[0].length;
    const length = end > 0 ? end : CHUNK + (/[\ud800-\udbff]$/.test(window) ? -1 : 0);
    yield text.slice(from, from + length);
    from += length;
  }
  yield text.slice(from);
}

const RUN = new RegExp(`[${UNSPACED}]|[^\\s${UNSPACED}]+`, 'gu');
const CHARACTER = new RegExp(`^[${UNSPACED}]$`, 'u');

/** Number of words: runs between blanks; in scripts without blanks, two characters count as one word. */
export function countWords(text: string): number {
  let words = 0;
  let characters = 0;
  for (const [run] of text.matchAll(RUN)) {
    if (!/[\p{L}\p{N}]/u.test(run)) continue;
    if (CHARACTER.test(run)) characters++;
    else words++;
  }
  return words + Math.ceil(characters / 2);
}

/** Clauses of a text: parts between punctuation, line ends and words that turn a statement around. */
export function clauses(text: string): string[] {
  return text
    .split(
      /[.!?](?=\s|$)|[;:\n。！？；：।؟؛｡۔።။។]|[,，、،､](?!\d)|\b(?:but|however|although|though|rather|instead)\b|但是?|而是|不过/iu,
    )
    .filter((clause) => clause.trim() !== '');
}
