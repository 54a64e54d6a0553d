/** Judging many answers: several at once where the judge waits for a model, in the answers' order, going on from a log. */
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
  const verdicts = new Array<Verdict>(inputs.length);
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (next < inputs.length) {
      signal?.throwIfAborted();
      const index = next++;
      verdicts[index] = await judgeOne(judge, inputs[index] as JudgeInput, log);
      onVerdict?.(++done, inputs.length);
    }
  };
  const workers = Array.from({ length: Math.max(1, Math.min(concurrency, inputs.length)) }, () =>
    worker().catch((error: unknown) => {
      next = inputs.length; // nothing new is begun after an error
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return verdicts;
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
