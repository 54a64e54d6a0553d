/** Rows of one item brought together: following rows with the same id and text each add a question. */
import type { Item, Question } from '../core/records.js';
import { mergeAnswers } from './formats/format.js';
import type { Place, ProblemLog } from './problems.js';

export interface PlacedItem {
  readonly item: Item;
  readonly place: Place;
}

/** Items with the questions of all their following rows; rows without ids are one item when their text is the same, named by the first row's number. */
export async function* joinRows(rows: AsyncIterable<PlacedItem>, log: ProblemLog): AsyncGenerator<PlacedItem> {
  let open: PlacedItem | undefined;
  for await (const row of rows) {
    if (open && isSameItem(open.item, row.item)) {
      open = { item: withQuestions(open.item, fresh(open.item, row, log)), place: open.place };
      continue;
    }
    if (open) yield finished(open);
    open = row;
  }
  if (open) yield finished(open);
}

function isSameItem(a: Item, b: Item): boolean {
  if (a.id !== b.id || (b.questions.length === 0 && b.id !== '')) return false;
  const levels = [...new Set([...Object.keys(a.texts), ...Object.keys(b.texts)])] as (keyof Item['texts'])[];
  if (levels.length === 0 && a.id === '') return false;
  return levels.every((level) => a.texts[level]?.text === b.texts[level]?.text);
}

function withQuestions(item: Item, questions: readonly Question[]): Item {
  const start = item.questions.length;
  const added = questions.map((question, index) => ({ ...question, id: String(start + index) }));
  return { ...item, questions: [...item.questions, ...added] };
}

/** A row's questions that its item does not have yet; others are told. */
function fresh(item: Item, { item: row, place }: PlacedItem, log: ProblemLog): Question[] {
  return row.questions.filter(({ prompt, answers }) => {
    const twin = item.questions.some((q) => q.prompt === prompt && q.answers.join('\0') === answers.join('\0'));
    const what = 'repeats the id, question and answer of a row before it';
    if (twin) log.add({ ...place, field: '', what, fix: 'remove the row', scope: 'question' });
    return !twin;
  });
}

function finished({ item, place }: PlacedItem): PlacedItem {
  const id = item.id === '' ? String(place.record ?? place.line) : item.id;
  return { item: { ...item, id, questions: mergeAnswers(item.questions) }, place };
}
