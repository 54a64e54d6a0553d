/** Judging many answers: several at once where the judge waits for a model, in the answers' order, going on from a log. */
import { mapConcurrently } from '../core/concurrency.js';
import type { AnswerRecord, Verdict } from '../core/records.js';
import { judgeInput, unscored, type Judge, type JudgeInput } from './judges/contract.js';
import { verdictKey, type VerdictLog } from './verdict-log.js';

export interface JudgingOptions {
  /** Judgements under way at once; default 1. A judge over an endpoint wants the endpoint's `concurrency`. */
  readonly concurrency?: number;
  /** Verdicts given before, and where new ones are kept. */
  readonly log?: VerdictLog;
  /** Whether verdicts given before are passed over; default no. */
  readonly renew?: boolean;
  readonly onVerdict?: (done: number, total: number) => void;
  /** Told of every judgement that was not found in the log. */
  readonly onJudged?: () => void;
  readonly signal?: AbortSignal;
}

/** Verdicts in the records' order; what was not answered is unscored. Rejects with the first error thrown, once what is under way has ended. */
export async function judgeAnswers(
  judge: Judge,
  records: readonly AnswerRecord[],
  options: JudgingOptions = {},
): Promise<Verdict[]> {
  const { concurrency = 1, onVerdict, signal } = options;
  let done = 0;
  return mapConcurrently(records, { concurrency, signal }, async (record) => {
    const verdict = await judgeRecord(judge, record, options);
    onVerdict?.(++done, records.length);
    return verdict;
  });
}

async function judgeRecord(judge: Judge, record: AnswerRecord, options: JudgingOptions): Promise<Verdict> {
  const input = judgeInput(record);
  return input === null
    ? unscored(`not answered: ${record.failure ?? 'no reason given'}`)
    : judgeOne(judge, input, options);
}

async function judgeOne(
  judge: Judge,
  input: JudgeInput,
  { log, onJudged, renew = false }: JudgingOptions,
): Promise<Verdict> {
  const key = log === undefined ? '' : verdictKey(judge, input);
  const kept = renew ? undefined : log?.get(key);
  if (kept !== undefined) return kept;
  const verdict = await judge.judge(input);
  await log?.add(key, verdict);
  onJudged?.();
  return verdict;
}
