/** Judging many answers: several at once where the judge waits for a model, in the answers' order, going on from a log. */
import type { AnswerRecord, Verdict } from '../core/records.js';
import { judgeInput, unscored, type Judge, type JudgeInput } from './judges/judge.js';
import { verdictKey, type VerdictLog } from './verdict-log.js';

export interface JudgingOptions {
  /** Judgements under way at once; default 1. A judge over an endpoint wants the endpoint's `concurrency`. */
  readonly concurrency?: number;
  /** Verdicts given before, and where new ones are kept. */
  readonly log?: VerdictLog;
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
  const verdicts = new Array<Verdict>(records.length);
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (next < records.length) {
      signal?.throwIfAborted();
      const index = next++;
      verdicts[index] = await judgeRecord(judge, records[index] as AnswerRecord, options);
      onVerdict?.(++done, records.length);
    }
  };
  const workers = Array.from({ length: Math.max(1, Math.min(concurrency, records.length)) }, () =>
    worker().catch((error: unknown) => {
      next = records.length; // nothing new is begun after an error
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return verdicts;
}

async function judgeRecord(judge: Judge, record: AnswerRecord, options: JudgingOptions): Promise<Verdict> {
  const input = judgeInput(record);
  return input === null
    ? unscored(`not answered: ${record.failure ?? 'no reason given'}`)
    : judgeOne(judge, input, options);
}

async function judgeOne(judge: Judge, input: JudgeInput, { log, onJudged }: JudgingOptions): Promise<Verdict> {
  const key = log === undefined ? '' : verdictKey(judge, input);
  const kept = log?.get(key);
  if (kept !== undefined) return kept;
  const verdict = await judge.judge(input);
  await log?.add(key, verdict);
  onJudged?.();
  return verdict;
}
