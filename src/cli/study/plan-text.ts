/** A plan in words: runs, what they share, what is there, and what the rest takes. */
import { counted } from '../../analysis/wording.js';
import { spendText } from '../../compress/spend-forecast.js';
import { formSetText, setsOfRuns } from '../../study/form-set-text.js';
import { judgeForecastText } from '../../study/judge-forecast.js';
import type { StudyPlan } from '../../study/plan.js';
import type { MemoryForecast, PlanForecast, PlannedCost, Shared } from '../../study/plan-forecast.js';
import { wholeBatch } from '../../study/train-size.js';
import { bytesText } from '../../text/bytes.js';
import { durationText } from '../../text/duration.js';

/** Lines, the sum of it last. */
export function planLines(plan: Pick<StudyPlan, 'runs' | 'config'>, forecast: PlanForecast): string[] {
  const { runs } = plan;
  const { texts, forms, judging, left, done } = forecast;
  const spends = [texts, forms].filter((each) => each !== null);
  return [
    ...spends.map(spendText),
    ...setsOfRuns(runs).map(formSetText),
    ...forecast.runs.map(runLine),
    ...judging.map(judgeForecastText),
    ...computeLines(plan),
    ...repeatedLines(plan, forecast.runs),
    ...sharedLines(forecast),
    ...costLines(forecast),
    ...memoryLines(forecast.memory),
    ...(done === 0 ? [] : [`${done} of ${counted(runs.length, 'run')} are there already`]),
    done === 0
      ? `${runs.length} runs, about ${durationText(left.wallSeconds)}`
      : `${left.runs} runs left, about ${durationText(left.wallSeconds)}`,
  ];
}

function runLine({ run, status, trainTokens, answers, seconds }: PlannedCost): string {
  const standing = status === 'waiting' ? '' : `; ${status === 'done' ? 'there already' : status}`;
  return `${run}: ${Math.round(trainTokens)} tokens to train, ${answers} answers, about ${durationText(seconds)}${standing}`;
}

/** What `compute: auto` has come to where that is not the exact way. */
function computeLines({ runs, config }: Pick<StudyPlan, 'runs' | 'config'>): string[] {
  const isInt8 = runs.some(({ spec }) => spec.identity.training?.settings.compute === 'int8');
  if (!isInt8 || config.train.compute !== 'auto') return [];
  return [
    'compute: auto is int8 here: while training, the base is computed in integers of eight bits, some 1.8 times as fast; compute: f32 is exact',
  ];
}

/** Share of the tokens to train that is worth a word where it is of texts that are fed again. */
const MUCH_REPEATED = 0.1;

/** What batches cost that items with their questions have no room in. */
function repeatedLines({ runs }: Pick<StudyPlan, 'runs'>, costs: readonly PlannedCost[]): string[] {
  const repeated = costs.flatMap(({ repeatedTokens = 0, wholeTokens = 0, trainTokens }, i) => {
    const batch = runs[i]?.spec.identity.training?.settings.batchTokens;
    return batch === undefined || repeatedTokens < MUCH_REPEATED * trainTokens
      ? []
      : [{ share: repeatedTokens / trainTokens, wholeTokens, batch }];
  });
  if (repeated.length === 0) return [];
  const sizes = [...new Set(repeated.map(({ batch }) => batch))].sort((a, b) => a - b);
  const most = Math.round(100 * Math.max(...repeated.map(({ share }) => share)));
  const whole = wholeBatch(Math.max(...repeated.map(({ wholeTokens }) => wholeTokens)));
  return [
    `train.batchTokens: ${sizes.join(', ')} has no room for longer items with all their questions: texts that are fed again are up to ${most} % of the tokens to train; about ${whole} has room for all, takes more memory and makes fewer steps of an epoch`,
  ];
}

function sharedLines({ shared: { trainings, samples, baseAnswers } }: PlanForecast): string[] {
  const parts = [
    sharedText('trainings', trainings),
    sharedText('sets of samples', samples),
    sharedText('sets of base answers', baseAnswers),
  ].filter((text) => text !== '');
  return parts.length === 0 ? [] : [`made once and shared: ${parts.join('; ')}`];
}

function sharedText(what: string, { distinct, runs, there }: Shared): string {
  if (distinct === 0) return '';
  return `${distinct} ${what} for ${counted(runs, 'run')}${there === 0 ? '' : ` (${there} there already)`}`;
}

function costLines({ left, workers, threads, cost }: PlanForecast): string[] {
  const place = `${workers} at once on ${counted(threads, 'thread')} each`;
  const work = `to do: ${Math.round(left.trainTokens)} tokens to train, ${left.answers} answers; ${durationText(left.seconds)} of work, ${place}`;
  return [
    work,
    ...(cost === null ? [] : [`money: about ${cost.toFixed(2)} at your prices, for all that models are asked`]),
  ];
}

function memoryLines({ mostBytes, freeBytes, tight, largestModel }: MemoryForecast): string[] {
  const most = `memory: up to ${bytesText(mostBytes)} a run`;
  if (freeBytes === null) return [`${most}; what is free where they run is not known here`];
  const largest =
    largestModel === null
      ? 'no well-known model has room for such runs'
      : `the largest well-known model with room for such runs: ${largestModel.name} (about ${bytesText(largestModel.bytes)})`;
  return [
    `${most}, ${bytesText(freeBytes)} free; ${largest}`,
    ...(tight.length === 0 ? [] : [tightText(tight, freeBytes)]),
  ];
}

/** What to do about runs that need more memory than there is. */
export function tightText(runs: readonly { readonly run: string; readonly bytes: number }[], free: number): string {
  const names = runs.map(({ run, bytes }) => `${run} (about ${bytesText(bytes)})`);
  return `${names.join(', ')}: more memory than the ${bytesText(free)} that are free; carried out alone, and ended if it does not do: lower train.batchTokens or train.maxLength, or set train.gradientCheckpointing`;
}
