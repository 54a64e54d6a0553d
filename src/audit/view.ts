/** One item side by side at all its levels, with each fact's places where it is kept and its name where it is lost. */
import { distinctBy } from '../core/collections.js';
import type { Item } from '../core/records.js';
import type { Tokenizer } from '../models/model.js';
import { factKey, factsOf, type Fact } from './facts.js';
import type { ItemView, LevelView, Span } from './audit-report.js';
import { answersOf } from './retention.js';
import { itemTrr, tokensAt } from './trr.js';
import { WordText } from '../text/word-text.js';

/** The view of an item; `facts` are its answers, then the entities, numbers and dates of its original. */
export function viewOf(item: Item, tokenizer: Tokenizer): ItemView {
  const facts = distinctBy([...answersOf(item), ...factsOf(item.texts.original?.text ?? '')], factKey);
  const levels = Object.keys(item.texts).flatMap((level): LevelView[] => {
    const text = item.texts[level]?.text;
    if (text === undefined) return [];
    const { spans, lost } = placesOf(facts, text);
    return [
      { level, text, tokens: tokensAt(item, level, tokenizer) ?? 0, trr: itemTrr(item, level, tokenizer), spans, lost },
    ];
  });
  return { item: item.id, facts: facts.map(({ kind, label }) => ({ kind, label })), levels };
}

function placesOf(facts: readonly Fact[], text: string): { spans: Span[]; lost: number[] } {
  const words = new WordText(text);
  const spans: Span[] = [];
  const lost: number[] = [];
  for (const [index, fact] of facts.entries()) {
    const places = fact.wordings.flatMap((wording) => words.find(wording));
    if (places.length === 0) lost.push(index);
    for (const [start, end] of places) spans.push({ start, end, fact: index });
  }
  return { spans: spans.sort((a, b) => a.start - b.start || b.end - a.end), lost };
}
