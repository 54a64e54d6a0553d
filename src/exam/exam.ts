/** An exam from documents: questions with short answers that stand in the text, each with what it rests on and a wording kept for testing. */
import { groupBy } from '../core/collections.js';
import { mapConcurrently } from '../core/concurrency.js';
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
  const own = ownQuestions(parts);
  let done = 0;
  let questions = 0;
  const made = await mapConcurrently(
    parts,
    { concurrency: writer.concurrency, signal },
    async (part): Promise<Made> => {
      const { drafts, unread } = await writer.write(part, perPart, signal);
      const taken = await withWordings(own.get(part) ?? [], part, settings);
      const checked = checkedQuestions(drafts, part, perPart, taken);
      questions += taken.length + checked.questions.length;
      onProgress?.({ done: ++done, total: parts.length, questions });
      return { item: itemOf(part, [...taken, ...checked.questions]), dropped: checked.dropped, unread };
    },
  );
  return { items: made.map(({ item }) => item), report: reportOf(items.length, made) };
}

/** What a part came to. */
interface Made {
  readonly item: Item;
  readonly dropped: Dropped;
  readonly unread: number;
}

/** The questions that came with the documents: each with the first part of its own that holds its answer, else with the first. */
function ownQuestions(parts: readonly Part[]): ReadonlyMap<Part, readonly Question[]> {
  const own = new Map<Part, Question[]>();
  for (const siblings of groupBy(parts, ({ item }) => item).values()) {
    const questions = siblings[0]?.item.questions ?? [];
    const texts = questions.length === 0 ? [] : siblings.map(({ text }) => new WordText(text));
    for (const question of questions) {
      const at = texts.findIndex((text) => isKept(answerFact(question.answers), text));
      const part = siblings[Math.max(0, at)];
      if (part !== undefined) own.set(part, [...(own.get(part) ?? []), question]);
    }
  }
  return own;
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

function itemOf({ id, item, text }: Part, questions: readonly Question[]): Item {
  const original = item.texts.original;
  if (original === undefined) return { ...item, id, questions };
  return { id, dataset: item.dataset, texts: { original: { ...original, text } }, questions };
}

function reportOf(documents: number, made: readonly Made[]): ExamReport {
  const all = made.flatMap(({ item }) => item.questions);
  const sum = (pick: (entry: Made) => number): number => made.reduce((total, entry) => total + pick(entry), 0);
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
