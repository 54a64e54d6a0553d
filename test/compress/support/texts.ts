/** Items and a token counter for tests. */
import type { Item } from '../../../src/core/records.js';
import type { TokenCounter } from '../../../src/compress/method.js';

/** Counts runs of letters or digits (in pieces of six) and every other mark as tokens. */
export const counter: TokenCounter = {
  identity: 'test-counter',
  count: (text) => text.match(/[\p{L}\p{N}]{1,6}|[^\s\p{L}\p{N}]/gu)?.length ?? 0,
};

export const ARTICLE = `Misty Buscher (born 1970/1971) is the mayor of Springfield, Illinois, the state capital and seat of Sangamon County. She is the second female mayor in the history of Springfield. Springfield is the capital city of the U.S. state of Illinois and the county seat of Sangamon County. The city's population was 114,394 at the 2020 census, which makes it the state's seventh most-populous city. Springfield was settled by European-Americans in the late 1810s, around the time Illinois became a state. The most famous historic resident was Abraham Lincoln, who lived in Springfield from 1837 until 1861. Major tourist attractions include the Lincoln Home and the Old State Capitol.`;

/** An item with an original text only. */
export function itemOf(text: string, id = 'a'): Item {
  return {
    id,
    dataset: 'test',
    texts: { original: { text, method: 'original', provenance: {} } },
    questions: [{ id: 'q', prompt: 'Who is the mayor?', answers: ['Misty Buscher'], type: 'fact' }],
  };
}

/** Two letters for a number below 676. */
function letters(index: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz';
  return `${alphabet[Math.floor(index / 26)]}${alphabet[index % 26]}`;
}

/** A long text of paragraphs about Northaa, Northab …, each with facts of its own. */
export function longText(paragraphs: number): string {
  return Array.from(
    { length: paragraphs },
    (_, index) =>
      `In ${1800 + index} the town of North${letters(index)} was founded by Eleanor Whit${letters(index)}. It had ${1000 + 7 * index} inhabitants and a small harbour. The weather there is mostly mild, as it is in many such places.`,
  ).join('\n\n');
}
