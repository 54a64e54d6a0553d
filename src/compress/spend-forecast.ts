/** What making texts will take, in requests, tokens and money, and whether that is much: then it is asked about first. */
import type { TextModels } from '../generate/text-models.js';
import { isLargeSpend } from '../llm/spend/spend.js';
import { durationText } from '../text/duration.js';
import type { Forecast } from './compress-items.js';

/** What an answer takes about, before any is measured. */
const ASSUMED_SECONDS = 4;

export interface SpendForecast extends Forecast {
  /** What is made, in the plural, e.g. `texts`. */
  readonly what: string;
  /** Who is asked; null where nobody is. */
  readonly model: string | null;
  /** At the prices given; null without any. */
  readonly cost: number | null;
  /** Whether to ask before it is spent; what runs on this machine never is much. */
  readonly isLarge: boolean;
  /** How long it takes about, if an answer takes so many seconds and so many are asked at once; null for what runs in this process, or not at all. */
  readonly time: { readonly seconds: number; readonly anAnswer: number; readonly atOnce: number } | null;
}

/** The forecast with who is asked, what it costs and how long it takes; `what` is made. */
export function spendForecast(counted: Forecast, models: TextModels, what = 'texts'): SpendForecast {
  const forecast = { ...counted, what };
  if (forecast.calls === 0) return { ...forecast, model: null, cost: null, isLarge: false, time: null };
  const { name, spend, concurrency } = models.chat();
  const cost = spend.totals.cost === null ? null : spend.costOf(forecast.inputTokens, forecast.outputTokens);
  const tokens = forecast.inputTokens + forecast.outputTokens;
  const atOnce = Math.min(concurrency, forecast.calls);
  const seconds = (forecast.calls * ASSUMED_SECONDS) / atOnce;
  const time = models.isOurs ? null : { seconds, anAnswer: ASSUMED_SECONDS, atOnce: concurrency };
  return { ...forecast, model: name, cost, isLarge: isLargeSpend(tokens, cost) && !models.isFree, time };
}

/** It in one line. */
export function spendText(forecast: SpendForecast): string {
  const { missing, texts, what, model, calls, inputTokens, outputTokens, cost, time } = forecast;
  const made = `${missing} of ${texts} ${what} to make`;
  if (model === null) return made;
  const price = cost === null ? '' : `, about ${cost.toFixed(2)} at your prices`;
  const duration =
    time === null
      ? ''
      : `, ${durationText(time.seconds)} if an answer takes ${time.anAnswer} s and the endpoint bears ${time.atOnce} at once`;
  return `${made} with ${model}: about ${calls} requests, ${inputTokens} + ${outputTokens} tokens${price}${duration}`;
}
