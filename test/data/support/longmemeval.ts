/** Dialogue histories as LongMemEval's records: one a question, in the benchmark's own form (Wu et al., 2024). */
import type { Question } from '../../../src/core/records.js';
import { dialogue, type Dialogue, type DialogueOptions, type Session } from '../../../src/data/world/dialogues.js';

/** One record of the benchmark's files. */
export interface LongMemEvalRecord {
  /** Ends in `_abs` where the right answer is that it was not told. */
  readonly question_id: string;
  readonly question_type: string;
  readonly question: string;
  readonly answer: string;
  /** As `2023/05/30 (Tue) 23:40`. */
  readonly question_date: string;
  readonly haystack_session_ids: readonly string[];
  readonly haystack_dates: readonly string[];
  readonly haystack_sessions: readonly (readonly {
    readonly role: 'user' | 'assistant';
    readonly content: string;
    readonly has_answer?: true;
  }[])[];
  /** Sessions that hold evidence; of an abstention question none. */
  readonly answer_session_ids: readonly string[];
}

/** The dialogues of a world, as many as asked for. */
export function worldDialogues(options: DialogueOptions & { readonly items: number }): Dialogue[] {
  return Array.from({ length: options.items }, (_, index) => dialogue(index, options));
}

/** All questions of dialogues as records; asked in the wording kept for testing, unless `wording` is `prompt`. */
export function toLongMemEval(
  dialogues: readonly Dialogue[],
  wording: 'testPrompt' | 'prompt' = 'testPrompt',
): LongMemEvalRecord[] {
  return dialogues.flatMap((made) => made.questions.map((question) => recordOf(made, question, wording)));
}

function recordOf({ id, sessions, questionDate }: Dialogue, question: Question, wording: 'testPrompt' | 'prompt') {
  return {
    question_id: `${id}-${question.id}${question.abstention === true ? '_abs' : ''}`,
    question_type: question.type,
    question: question[wording] ?? question.prompt,
    answer: question.answers[0] ?? '',
    question_date: questionDate,
    haystack_session_ids: sessions.map((session) => session.id),
    haystack_dates: sessions.map((session) => session.date),
    haystack_sessions: sessions.map((session) => turnsFor(session, question)),
    answer_session_ids: sessions.filter((session) => isEvidence(session, question)).map((session) => session.id),
  };
}

function turnsFor({ turns }: Session, { id }: Question) {
  return turns.map(({ role, content, evidence }) => ({
    role,
    content,
    ...(evidence.includes(id) ? { has_answer: true as const } : {}),
  }));
}

function isEvidence({ turns }: Session, { id }: Question): boolean {
  return turns.some((turn) => turn.evidence.includes(id));
}
