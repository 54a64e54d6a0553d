/** Judging many answers: several at once where the judge waits for a model, in the answers' order, going on from a log. */
import { mapConcurrently } from '../core/concurrency.js';
import type { Verdict } from '../core/records.js';
import type { Judge, JudgeInput } from './judges/judge.js';
import { verdictKey, type VerdictLog } from './verdict-log.js';

export interface JudgingOptions {
  /** Judgements under way at once; default 1. A judge over an endpoint wants the endpoint's `concurrency`. */
  readonly concurrency?: number;
  /** Verdicts given before, and where new ones are kept. */
  readonly log?: VerdictLog;
  readonly onVerdict?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The verdicts in the order of the answers. Rejects with the first error thrown, once what is under way has ended. */
export async function judgeAll(
  judge: Judge,
  inputs: readonly JudgeInput[],
  options: JudgingOptions = {},
): Promise<Verdict[]> {
  const { concurrency = 1, log, onVerdict, signal } = options;
  let done = 0;
  return mapConcurrently(inputs, { concurrency, signal }, async (input) => {
    const verdict = await judgeOne(judge, input, log);
    onVerdict?.(++done, inputs.length);
    return verdict;
  });
}

async function judgeOne(judge: Judge, input: JudgeInput, log: VerdictLog | undefined): Promise<Verdict> {
  if (log === undefined) return judge.judge(input);
  const key = verdictKey(judge, input);
  const kept = log.get(key);
  if (kept !== undefined) return kept;
  const verdict = await judge.judge(input);
  await log.add(key, verdict);
  return verdict;
}
