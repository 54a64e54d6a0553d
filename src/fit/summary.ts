/** A fit in words for the terminal: what is planned, and what came of it. */
import { counted } from '../analysis/wording.js';
import { durationText } from '../text/duration.js';
import { terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { amountText, type Budget } from './budget.js';
import { candidateText } from './candidate.js';
import type { FitPlan } from './fit.js';
import { percent, type FitOutcome, type Interval, type TriedRow } from './outcome.js';

/** `71.7 % (63.0 to 79.4)`. */
export function recallText(recall: Interval | null): string {
  if (recall === null) return '–';
  const { mean, low, high } = recall;
  return Number.isNaN(low)
    ? percent(mean)
    : `${percent(mean)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
}

/** What was measured, what will be tried, and what it takes. */
export function planLines(
  { measured, floor, tried, left, schedule, reserve, rates }: FitPlan,
  budget: Budget,
): string[] {
  const { documents, questions, known, bits, levels } = measured;
  const kept = levels.map(
    ({ level, trr, retention }) =>
      `${level} saves ${share(trr)} of the tokens and keeps ${share(retention)} of the answers`,
  );
  const rungs = (schedule?.rungs ?? []).map(({ candidates, exposures }) => `${candidates} at ${exposures} exposures`);
  return [
    `${documents} documents, ${questions} questions, of which the base answers ${known} without any text; the others are ${Math.round(bits)} bits`,
    ...(kept.length === 0 ? [] : [kept.join('; ')]),
    `ranks: ${floor.least} at least (2 bits a parameter), ${floor.ample} has ample room`,
    `${tried.length} candidates, those thought most of first: ${tried.map((each) => candidateText(each, rates)).join('; ')}`,
    ...(schedule === null
      ? []
      : [
          `trials: ${rungs.join(', ')}: about ${amountText(budget.unit, schedule.cost)}, and ${amountText(budget.unit, reserve)} for the last measurement, of a budget of ${budget.text} (${amountText(budget.unit, budget.amount)})`,
        ]),
    ...(left.length === 0
      ? []
      : [
          `not tried: ${left.map(({ candidate, reason }) => `${candidateText(candidate, rates)} (${reason})`).join('; ')}`,
        ]),
  ];
}

function share(value: number | null): string {
  return value === null ? 'an unknown share' : percent(value);
}

const COLUMNS: readonly TerminalColumn<TriedRow>[] = [
  { name: 'candidate', value: ({ name }) => name },
  { name: 'exposures', align: 'right', value: ({ exposures }) => String(exposures) },
  { name: 'recall', align: 'right', value: ({ recall }) => recallText(recall) },
  { name: 'forgets, bits/token', align: 'right', value: ({ forgetting }) => bits(forgetting), spare: 1 },
  { name: 'time', align: 'right', value: ({ seconds }) => (seconds === null ? '–' : durationText(seconds)), spare: 2 },
  { name: '', value: ({ became }) => became },
];

/** Bits a token, to two digits. */
export function bits(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

/** The outcome, in at most so many columns. */
export function summaryLines(outcome: FitOutcome, width: number): string[] {
  const { chosen, recall, floor, ceiling, otherDocuments, tried, reasons, left, budget, facts, bits: held } = outcome;
  const beside = [
    ...(floor === null ? [] : [`the base without text ${recallText(floor)}`]),
    ...(ceiling === null ? [] : [`the base that reads the text ${recallText(ceiling)}`]),
    ...(otherDocuments === null ? [] : [`an adapter of other documents ${recallText(otherDocuments)}`]),
  ];
  return [
    `Use ${chosen.name}, every fact shown ${chosen.exposures} times: it answers ${recallText(recall)} without the text, ${counted(Math.round(facts), 'fact')}${held === null ? '' : ` or ${Math.round(held)} bits`}.`,
    ...(beside.length === 0 ? [] : [`Beside it: ${beside.join('; ')}.`]),
    ...reasons,
    forgettingText(outcome),
    '',
    ...terminalTable(COLUMNS, tried, width).split('\n'),
    ...(left.length === 0 ? [] : [`Not tried: ${left.map(({ name, reason }) => `${name} (${reason})`).join('; ')}.`]),
    `Spent: ${amountText(budget.unit, budget.spent)} of ${amountText(budget.unit, budget.amount)}.`,
  ];
}

/** What the adapter costs its base, whether that is allowed, and a strength at which it would be. */
export function forgettingText({ forgetting: { rise, limit, exceeds, variants } }: FitOutcome): string {
  if (rise === null) return 'What it costs its base was not measured.';
  const cost = `The loss on other text rises by ${rise.mean.toFixed(2)} bits a token (${rise.low.toFixed(2)} to ${rise.high.toFixed(2)})`;
  if (limit === null) return `${cost}.`;
  if (!exceeds) return `${cost}, within the ${limit} that are allowed.`;
  const [weaker] = variants
    .filter(({ scale, rise: own }) => scale < 1 && own <= limit)
    .sort((a, b) => b.scale - a.scale);
  const advice =
    weaker === undefined
      ? 'train on a mix with replay, at a lower rate, or allow more'
      : `at strength ${weaker.scale} it would be within, answering ${weaker.recall === null ? 'what was not asked' : percent(weaker.recall)}`;
  return `${cost}, more than the ${limit} that are allowed: ${advice}.`;
}
