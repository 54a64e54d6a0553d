/** Rewrites without a model: sentences, rows and entries in another order, names in place of the pronouns that stand for them. */
import { distinct } from '../core/collections.js';
import { isObject, jsonIn } from '../core/json.js';
import { Random } from '../core/random.js';
import { languageOf } from '../text/language.js';
import { joinedUnits, markdownUnits, type Unit } from '../text/markdown.js';
import { joinedSentences, sentencesOf } from '../text/sentences.js';
import type { Source } from './form.js';
import type { RewriteRequest } from './writer.js';

/** Orders tried for each rewrite wanted. */
const TRIES = 4;

/** Up to `count` other texts, no two alike and none the text itself; the same for the same seed. */
export function ruleRewrites(source: Source, request: RewriteRequest): string[] {
  return variants(source, request, arrangement(source));
}

/** Distinct results of `arrange`, which draws one at random. */
export function variants(
  { item, text }: Source,
  { count, seed }: Pick<RewriteRequest, 'count' | 'seed'>,
  arrange: (random: Random) => string,
): string[] {
  const random = new Random(seed, 'rewrite', item);
  const tried = Array.from({ length: TRIES * count }, () => arrange(random).trim());
  return distinct(tried)
    .filter((each) => each !== text.trim() && each !== '')
    .slice(0, count);
}

/** How a text can be put in another order: an object's lists, a Markdown text's blocks, else its sentences. */
function arrangement(source: Source): (random: Random) => string {
  const parsed = parsedObject(source.text);
  if (parsed !== undefined) return (random) => JSON.stringify(shuffledLists(parsed, random), null, 1);
  const units = markdownUnits(source.text);
  if (units !== null) return (random) => shuffledBlocks(units, random);
  const groups = groupsOf(named(sentencesOf(source.text), source.topic));
  return (random) => joinedSentences(random.shuffle(groups).flat());
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const parsed = jsonIn(text);
  return isObject(parsed) ? parsed : undefined;
}

function shuffledLists(object: Readonly<Record<string, unknown>>, random: Random): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, Array.isArray(value) ? random.shuffle<unknown>(value) : value]),
  );
}

/** Units of each block in another order, and blocks that stand under the same headings. */
function shuffledBlocks(units: readonly Unit[], random: Random): string {
  const blocks: Unit[][] = [];
  for (const unit of units) {
    if (blocks.at(-1)?.[0]?.block === unit.block) blocks.at(-1)?.push(unit);
    else blocks.push([unit]);
  }
  const sections: Unit[][][] = [];
  for (const block of blocks.map((each) => shuffledUnits(each, random))) {
    const last = sections.at(-1)?.at(-1);
    if (last !== undefined && isMovable(last) && isMovable(block) && sharesNeeds(last, block))
      sections.at(-1)?.push(block);
    else sections.push([block]);
  }
  const ordered = sections.flatMap((section) => random.shuffle(section)).flat();
  return joinedUnits(ordered, new Set(ordered.keys()));
}

const NUMBERED = /^\s*\d+[.)]\s/;

/** A block's units in another order where none needs another of them; what stands between them stays where it was. */
function shuffledUnits(block: readonly Unit[], random: Random): Unit[] {
  const fixed = block.findIndex(({ stands }) => stands);
  const [head, rest] = fixed < 0 ? [block, []] : [block.slice(0, fixed), block.slice(fixed)];
  const isFlat = rest.every((unit) => unit.stands && !NUMBERED.test(unit.text) && sharesNeeds([unit], rest));
  if (!isFlat) return [...block];
  const groups = groupsOf(rest.map(({ text }) => text)).map((group) => group.length);
  let at = 0;
  const runs = groups.map((length) => rest.slice(at, (at += length)));
  const shuffled = random.shuffle(runs).flat();
  return [...head, ...shuffled.map((unit, index) => ({ ...unit, link: rest[index]?.link ?? unit.link }))];
}

/** Whether a block is text that can stand before or behind its neighbours. */
function isMovable(block: readonly Unit[]): boolean {
  return block.every(({ stands, text }) => stands && !NUMBERED.test(text)) && !LEANS.test(block[0]?.text ?? '');
}

function sharesNeeds([a]: readonly Unit[], [b]: readonly Unit[]): boolean {
  return a?.needs.join() === b?.needs.join();
}

/** Openings of sentences that are not understood without the one before. */
const LEANS =
  /^\s*(?:(?:he|she|it|they|his|her|its|their|this|that|these|those|there|such|however|also|then|but|and|so|thus|therefore|both|er|sie|es|dies\p{L}*|il|elle|ils|cela|esto|este|esta)\b|[他她它这那此]|これ|それ)/iu;

/** Sentences that must stand together: each with those behind it that lean on it. */
function groupsOf(sentences: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (const sentence of sentences) {
    const last = groups.at(-1);
    if (last !== undefined && (LEANS.test(sentence) || !/[\p{L}\p{N}]/u.test(sentence))) last.push(sentence);
    else groups.push([sentence]);
  }
  return groups;
}

const PRONOUN = /^(He|She|It|They)\b(?! (?:is|was|has been) \p{L}+ (?:that|to)\b)/u;
const POSSESSIVE = /^(His|Her|Its|Their)\b/;

/** English sentences with the topic's name in place of the pronoun that opens them, as long as each before it began with the topic. */
function named(sentences: readonly string[], topic: string): string[] {
  const language = languageOf(sentences.join(' '));
  if (topic === '' || (language !== null && language !== 'en')) return [...sentences];
  let isOfTopic = false;
  return sentences.map((sentence) => {
    const whole = isOfTopic ? sentence.replace(PRONOUN, () => topic).replace(POSSESSIVE, () => `${topic}’s`) : sentence;
    isOfTopic = whole.startsWith(topic);
    return whole;
  });
}
