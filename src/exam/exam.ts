/** An exam from documents: questions with short answers that stand in the text, each with what it rests on and a wording kept for testing. */
import type { Item, Question } from '../core/records.js';
import { answerFact } from '../audit/facts.js';
import { isKept } from '../audit/retention.js';
import { WordText } from '../text/word-text.js';
import { checkedQuestions, DROP_REASONS, type Dropped } from './check.js';
import { partsOfItem, type Part } from './part.js';
import type { ExamWriter } from './writer.js';

export interface ExamSettings {
  readonly writer: ExamWriter;
  /** Most questions on a part; default 8. */
  readonly perPart?: number;
  /** Longest part, in tokens; default 600. */
  readonly partTokens?: number;
  /** Counts tokens. */
  readonly count: (text: string) => number;
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    readonly questions: number;
  }) => void;
  readonly signal?: AbortSignal;
}

export interface ExamReport {
  readonly documents: number;
  readonly parts: number;
  readonly questions: number;
  /** Questions with a second wording, kept for testing. */
  readonly reworded: number;
  readonly dropped: Dropped;
  /** Lines of a model's answers that were no question. */
  readonly unread: number;
  /** Ids of parts that no question could be made of. */
  readonly without: readonly string[];
}

export interface Exam {
  /** One item a part, with its text as `original` and its questions. */
  readonly items: readonly Item[];
  readonly report: ExamReport;
}

const PER_PART = 8;
const PART_TOKENS = 600;

/** The parts that an exam is written about. */
export function examParts(
  items: readonly Item[],
  { partTokens = PART_TOKENS, count }: Pick<ExamSettings, 'partTokens' | 'count'>,
): Part[] {
  return items.flatMap((item) => partsOfItem(item, partTokens, count));
}

/** Writes and checks the questions of all parts. Throws ExamStopped where the model cannot be asked any more, the signal's reason when stopped. */
export async function makeExam(items: readonly Item[], settings: ExamSettings): Promise<Exam> {
  const { writer, perPart = PER_PART, onProgress, signal } = settings;
  const parts = examParts(items, settings);
  const made: { readonly item: Item; readonly dropped: Dropped; readonly unread: number }[] = [];
  let done = 0;
  let questions = 0;
  await inTurns(parts, writer.concurrency, async (part, index) => {
    signal?.throwIfAborted();
    const { drafts, unread } = await writer.write(part, perPart, signal);
    const taken = await withWordings(ownQuestions(part, parts), part, settings);
    const checked = checkedQuestions(drafts, part, perPart, taken);
    made[index] = { item: itemOf(part, [...taken, ...checked.questions]), dropped: checked.dropped, unread };
    questions += taken.length + checked.questions.length;
    onProgress?.({ done: ++done, total: parts.length, questions });
  });
  return { items: made.map(({ item }) => item), report: reportOf(items.length, made) };
}

/** The questions that came with the document: each with the first part that holds its answer, else with the first. */
function ownQuestions(part: Part, parts: readonly Part[]): readonly Question[] {
  const siblings = parts.filter(({ item }) => item === part.item);
  const texts = siblings.map(({ text }) => new WordText(text));
  return part.item.questions.filter((question) => {
    const at = texts.findIndex((text) => isKept(answerFact(question.answers), text));
    return siblings[Math.max(0, at)] === part;
  });
}

/** Questions with a wording kept for testing, written where they have none. */
async function withWordings(
  questions: readonly Question[],
  part: Part,
  { writer, signal }: ExamSettings,
): Promise<readonly Question[]> {
  const open = questions.filter(({ testPrompt }) => testPrompt === undefined);
  if (open.length === 0) return questions;
  const wordings = await writer.reword(
    open.map(({ prompt }) => prompt),
    part,
    signal,
  );
  return questions.map((question) => {
    const testPrompt = wordings[open.indexOf(question)];
    return testPrompt === undefined ? question : { ...question, testPrompt };
  });
}

/** Works on the list in order, so many at once. */
async function inTurns<T>(
  list: readonly T[],
  atOnce: number,
  work: (entry: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < list.length) {
      const index = next++;
      await work(list[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, atOnce), list.length) }, worker));
}

function itemOf({ id, item, text }: Part, questions: readonly Question[]): Item {
  const original = item.texts.original;
  if (original === undefined) return { ...item, id, questions };
  return { id, dataset: item.dataset, texts: { original: { ...original, text } }, questions };
}

function reportOf(
  documents: number,
  made: readonly { readonly item: Item; readonly dropped: Dropped; readonly unread: number }[],
): ExamReport {
  const all = made.flatMap(({ item }) => item.questions);
  const sum = (pick: (entry: (typeof made)[number]) => number): number =>
    made.reduce((total, entry) => total + pick(entry), 0);
  return {
    documents,
    parts: made.length,
    questions: all.length,
    reworded: all.filter(({ testPrompt }) => testPrompt !== undefined).length,
    dropped: Object.fromEntries(
      DROP_REASONS.map((reason) => [reason, sum(({ dropped }) => dropped[reason])]),
    ) as Dropped,
    unread: sum(({ unread }) => unread),
    without: made.flatMap(({ item }) => (item.questions.length === 0 ? [item.id] : [])),
  };
}
