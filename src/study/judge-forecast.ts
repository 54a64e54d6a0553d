/** What judging will ask of models: requests, tokens and their cost, told before anything is done and held against the judges' limits. */
import { UserError } from '../core/errors.js';
import type { Item, Question } from '../core/records.js';
import { askedPrompt } from '../core/samples.js';
import type { JudgeInput } from '../evaluate/judges/contract.js';
import { judgeLabel, priceOf, type JudgeChoice, type Spent } from '../evaluate/judges/open-judge.js';
import { judgePrompt } from '../evaluate/judges/registry.js';
import { costAt, isLargeSpend, promptEstimate } from '../llm/spend/spend.js';
import type { StudyConfig } from './config.js';
import { judgeJournal } from './purse.js';
import { runPath } from './layout.js';
import { readRows, readRun, type StoredRun } from './run-store.js';
import type { PlannedRun } from './run-spec.js';
import { CHARACTERS_PER_TOKEN } from './train-size.js';

/** What a judge that asks a model has still to do. */
export interface JudgeForecast {
  /** What rows call it. */
  readonly judge: string;
  /** Requests, one an answer; replies that must be repaired come on top. */
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** At the prices given; null without any. */
  readonly cost: number | null;
  /** Whether to ask before it is spent. */
  readonly isLarge: boolean;
  /** What was spent on it before, in this study. */
  readonly spent: Spent;
  /** The limits over all runs of the study; null for none. */
  readonly maxCost: number | null;
  readonly maxTokens: number | null;
}

interface ForecastRequest {
  readonly config: StudyConfig;
  readonly runs: readonly PlannedRun[];
  /** The study's folder: what is judged there is left out. */
  readonly folder: string;
}

/** One forecast for each judge that asks a model. */
export function judgeForecasts({ config, runs, folder }: ForecastRequest): JudgeForecast[] {
  const choices: readonly JudgeChoice[] = config.evaluate.judges;
  const answer = 'x'.repeat(CHARACTERS_PER_TOKEN * config.evaluate.maxNewTokens);
  return choices.flatMap((choice) => {
    const asking = judgePrompt(choice.name);
    if (asking === null) return [];
    const tokens = new Map<string, number>();
    const tokensOf = (item: Item, question: Question): number => {
      const key = JSON.stringify([item.id, question.id]);
      const known = tokens.get(key) ?? promptEstimate(asking.prompt(inputOf(question, answer), ''));
      tokens.set(key, known);
      return known;
    };
    const open = runs.flatMap((run) =>
      openTokens(run, readRun(runPath(folder, run.spec), run.spec), { choice, tokensOf }),
    );
    const inputTokens = open.reduce((sum, each) => sum + each, 0);
    const work = { calls: open.length, inputTokens, outputTokens: open.length * asking.replyTokens };
    return [priced(choice, work, judgeJournal(folder, choice).totals())];
  });
}

function inputOf({ type, answers, abstention, ...question }: Question, answer: string): JudgeInput {
  const reference = answers[0] ?? '';
  const asked = askedPrompt({ type, answers, ...question });
  return { question: asked, type, reference, answers, answer, abstention: abstention === true };
}

/** Prompt tokens of each answer that a run has still to have judged. */
function openTokens(
  { asked }: PlannedRun,
  stored: StoredRun,
  { choice, tokensOf }: { readonly choice: JudgeChoice; readonly tokensOf: (item: Item, question: Question) => number },
): number[] {
  const all = asked.flatMap((item) => item.questions.map((question) => ({ item, question })));
  if (stored.status !== 'done') return all.map(({ item, question }) => tokensOf(item, question));
  if (stored.result.unscored === 0) return [];
  const label = judgeLabel(choice);
  const missing = new Set(
    readRows(stored).flatMap(({ judge, status, item, question }) =>
      judge === label && status === 'unscored' ? [JSON.stringify([item, question])] : [],
    ),
  );
  const left = all.filter(({ item, question }) => missing.has(JSON.stringify([item.id, question.id])));
  return left.map(({ item, question }) => tokensOf(item, question));
}

function priced(
  choice: JudgeChoice,
  work: Pick<JudgeForecast, 'calls' | 'inputTokens' | 'outputTokens'>,
  { promptTokens, completionTokens, cost: paid }: Spent,
): JudgeForecast {
  const price = priceOf(choice);
  const { inputTokens, outputTokens } = work;
  const cost = price === undefined ? null : costAt(price, inputTokens, outputTokens);
  return {
    ...{ judge: judgeLabel(choice), ...work, cost },
    isLarge: isLargeSpend(inputTokens + outputTokens, cost),
    spent: { promptTokens, completionTokens, cost: paid },
    maxCost: choice.maxCost ?? null,
    maxTokens: choice.maxTokens ?? null,
  };
}

/** A forecast in one line. */
export function judgeForecastText(forecast: JudgeForecast): string {
  const { judge, calls, inputTokens, outputTokens, cost, maxCost, maxTokens, spent } = forecast;
  const price = cost === null ? '' : `, about ${cost.toFixed(2)} at your prices`;
  const limits = [
    ...(maxCost === null ? [] : [`${maxCost} in cost`]),
    ...(maxTokens === null ? [] : [`${maxTokens} tokens`]),
  ];
  const used = spent.promptTokens + spent.completionTokens;
  const before = used === 0 ? '' : `, of which ${used} tokens are spent`;
  const limit = limits.length === 0 ? '' : `; at most ${limits.join(' and ')}${before}`;
  return `judging by ${judge}: about ${calls} requests, ${Math.round(inputTokens)} + ${outputTokens} tokens${price}${limit}`;
}

/** Throws UserError where judging is foreseen to cost more than a judge's limit leaves: it would stop when all else is done. */
export function refuseBeyondLimits(forecasts: readonly JudgeForecast[]): void {
  for (const forecast of forecasts) {
    const { inputTokens, outputTokens, cost, maxCost, maxTokens, spent } = forecast;
    const tokens = spent.promptTokens + spent.completionTokens + inputTokens + outputTokens;
    const isBeyond =
      (maxCost !== null && spent.cost + (cost ?? 0) > maxCost) || (maxTokens !== null && tokens > maxTokens);
    if (isBeyond && forecast.calls > 0)
      throw new UserError(
        `${judgeForecastText(forecast)}: that is more than the limit leaves; raise it, take it away, or ask about fewer items`,
      );
  }
}
