/** LongMemEval (oracle, S and M files): a history of chat sessions with one question asked after it. */
import { z } from 'zod';
import type { Item, LevelText, Question } from '../../core/records.js';
import { answerText, check, idText, noteOddities, soundText, soundTextOrEmpty } from '../schema.js';
import { noteIgnored, readTexts, type ReadContext, type RecordFormat } from './format.js';
import { isFamiliarLevel } from '../../core/levels.js';

const date = z
  .string()
  .regex(/^\d{4}\/\d{2}\/\d{2} \([A-Za-z]{3}\) \d{2}:\d{2}$/, 'is no date like 2023/05/30 (Tue) 23:40');
const turn = z.object({
  role: z.enum(['user', 'assistant', 'system']),
  content: soundTextOrEmpty,
  has_answer: z.boolean().nullish(),
});

const record = z.object({
  question_id: idText,
  question_type: soundText,
  question: soundText,
  answer: answerText,
  question_date: date,
  haystack_session_ids: z.array(idText),
  haystack_dates: z.array(date),
  haystack_sessions: z.array(z.array(turn)),
  answer_session_ids: z.array(idText).nullish(),
});

type LongMemEvalRecord = z.infer<typeof record>;

interface Session {
  readonly id: string;
  readonly date: string;
  readonly turns: readonly z.infer<typeof turn>[];
}

/** Suffix of the ids of questions whose right answer is that the history does not say. */
const ABSTENTION_SUFFIX = '_abs';

export const longmemeval: RecordFormat = {
  name: 'longmemeval',
  dataset: 'longmemeval',
  matches: (fields) => 'haystack_sessions' in fields,
  read(fields, context): Item | undefined {
    const read = check(record, fields, context, { scope: 'item' });
    const levels = Object.keys(fields).filter((name) => isFamiliarLevel(name) && name !== 'original');
    const texts = readTexts(
      fields,
      levels.map((level) => [level, level] as const),
      'longmemeval',
      context,
    );
    noteIgnored(fields, new Set([...Object.keys(record.shape), ...levels]), context);
    if (!read || !texts || !hasMatchingLengths(read, context)) return undefined;
    const original = transcript(sessionsByDate(read));
    noteOddities(original.text, 'haystack_sessions', context);
    return {
      id: read.question_id,
      dataset: context.dataset,
      texts: { original, ...texts },
      questions: [question(read)],
    };
  },
};

function hasMatchingLengths(read: LongMemEvalRecord, { place, log }: ReadContext): boolean {
  const sessions = read.haystack_sessions.length;
  const wrong = (['haystack_session_ids', 'haystack_dates'] as const).filter(
    (field) => read[field].length !== sessions,
  );
  for (const field of wrong) {
    const what = `has ${read[field].length} entries for ${sessions} sessions`;
    log.add({ ...place, field, what, fix: 'give each session one', scope: 'item' });
  }
  return wrong.length === 0;
}

/** The sessions by date; those of one date keep the file's order. */
function sessionsByDate(read: LongMemEvalRecord): Session[] {
  return read.haystack_sessions
    .map((turns, index) => ({
      id: read.haystack_session_ids[index] ?? '',
      date: read.haystack_dates[index] ?? '',
      turns,
    }))
    .sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

/** The history as text; provenance says where the turns marked as evidence stand, in characters [start, end). */
function transcript(sessions: readonly Session[]): LevelText {
  const evidence: [number, number][] = [];
  let text = '';
  for (const session of sessions) {
    text += `${text === '' ? '' : '\n'}Session of ${session.date}\n`;
    for (const { role, content, has_answer } of session.turns) {
      const start = text.length;
      text += `${role}: ${content}\n`;
      if (has_answer === true) evidence.push([start, text.length - 1]);
    }
  }
  const provenance = { format: 'longmemeval', field: 'haystack_sessions', sessions: sessions.length, evidence };
  return { text, method: 'recorded', provenance };
}

function question(read: LongMemEvalRecord): Question {
  return {
    id: read.question_id,
    prompt: read.question,
    answers: [read.answer],
    type: read.question_type,
    abstention: read.question_id.endsWith(ABSTENTION_SUFFIX),
    date: read.question_date,
  };
}
