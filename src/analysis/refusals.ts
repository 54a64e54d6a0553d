/** What makes a verdict one on nothing, and what to change: told in place of a recommendation. */
import type { Row } from '../core/records.js';
import type { Cell } from './group.js';
import { hasRisen } from './learning.js';
import type { RunSummary } from './run-summary.js';
import { refusalWords } from '../words/verdict.js';
import { counted, minus, percent, whole } from './wording.js';

export interface Refusal {
  readonly kind: 'constant-judge' | 'all-wrong' | 'few-steps' | 'loss-rose' | 'cut-answers' | 'unlearnt-form';
  /** What is the matter, as a clause without its full stop. */
  readonly reason: string;
  /** What to change, as a sentence. */
  readonly advice: string;
}

/** Fewer steps of the optimiser hardly move an adapter. */
const FEWEST_STEPS = 8;
/** Steps that advice aims at. */
const ENOUGH_STEPS = 60;
/** Fewer equal scores happen by chance. */
const FEWEST_SCORES = 10;
/** Share of answers from which on they count as most. */
const MOST = 0.5;
/** Share of answers unlike their references (or like them) that a judge cannot score alike. */
const NOTICEABLE_SHARE = 0.2;
/** An answer this many times as long as its reference, and this long at least, has not the form that was trained. */
const [TIMES_TOO_LONG, LEAST_TOO_LONG] = [5, 60];

/** Why nothing can be recommended for a data set from these cells and runs; `chosen` is the cell that would be. Empty where something can. */
export function refusalsOf(cells: readonly Cell[], runs: readonly RunSummary[], chosen: Cell): Refusal[] {
  const own = cells.filter(({ book }) => book === chosen.book);
  const trained = own.filter(({ rank }) => rank > 0);
  const trainings = runs.filter(
    ({ dataset, book, rank, status }) =>
      dataset === chosen.dataset && book === chosen.book && rank > 0 && status === 'done',
  );
  const rows = trained.flatMap(({ rows }) => rows).filter(({ abstention }) => !abstention);
  const judge = constantJudge(own.flatMap((cell) => cell.rows));
  const inQuestion = { rows, trainings, chosen: trainings.filter(({ id }) => chosen.runs.includes(id)) };
  return [
    ...judge,
    ...(judge.length > 0 ? [] : allWrong(inQuestion)),
    ...fewSteps(inQuestion),
    ...lossRose(inQuestion),
    ...answerForm(inQuestion),
  ];
}

/** What is looked at: answers of trained models, all trainings of the book, and those of the cell that would be recommended. */
interface InQuestion {
  readonly rows: readonly Row[];
  readonly trainings: readonly RunSummary[];
  readonly chosen: readonly RunSummary[];
}

function constantJudge(rows: readonly Row[]): Refusal[] {
  const scored = rows.filter((row) => row.status === 'scored' && !row.abstention && isKnown(row));
  const [first] = scored;
  if (first === undefined || scored.length < FEWEST_SCORES) return [];
  if (!scored.every(({ score, correct }) => score === first.score && correct === first.correct)) return [];
  const alike = share(scored, isLikeReference);
  if (first.score === 1 && alike < NOTICEABLE_SHARE) return []; // all wrong, and so they look
  if (first.score === 5 && alike > 1 - NOTICEABLE_SHARE) return [];
  return [
    {
      kind: 'constant-judge',
      reason: refusalWords().constantJudge(first.judge, counted(scored.length, 'answer'), first.score ?? '–'),
      advice: refusalWords().constantJudgeAdvice,
    },
  ];
}

function allWrong({ rows, chosen }: InQuestion): Refusal[] {
  const scored = rows.filter(({ status }) => status === 'scored');
  if (scored.length === 0 || scored.some(({ score, correct }) => correct === true || (score ?? 1) > 1)) return [];
  return [
    {
      kind: 'all-wrong',
      reason: refusalWords().allWrong(whole(scored.length)),
      advice: refusalWords().allWrongAdvice(longer(chosen[0]), rateWords(chosen[0])),
    },
  ];
}

function fewSteps({ trainings, chosen }: InQuestion): Refusal[] {
  const isShort = ({ steps }: RunSummary): boolean => steps !== null && steps < FEWEST_STEPS;
  const [short] = chosen.filter(isShort);
  const example = short ?? (share(trainings, isShort) > MOST ? trainings.find(isShort) : undefined);
  if (example === undefined) return [];
  const steps = counted(example.steps ?? 0, 'step');
  return [
    {
      kind: 'few-steps',
      reason: short === undefined ? refusalWords().mostFewSteps(steps) : refusalWords().fewSteps(steps),
      advice: refusalWords().fewStepsAdvice(ENOUGH_STEPS, longer(example)),
    },
  ];
}

function lossRose({ trainings, chosen }: InQuestion): Refusal[] {
  const [risen] = chosen.filter(hasRisen);
  const example = risen ?? (share(trainings, hasRisen) > MOST ? trainings.find(hasRisen) : undefined);
  if (example === undefined) return [];
  return [
    {
      kind: 'loss-rose',
      reason: refusalWords().lossRose(minus(example.firstLoss, 2), minus(example.lastLoss, 2)),
      advice: refusalWords().lossRoseAdvice(rateWords(example)),
    },
  ];
}

/** Answers that do not end, or that are nothing like what was trained. */
function answerForm({ rows, chosen }: InQuestion): Refusal[] {
  const [example] = chosen;
  const ended = rows.filter(({ finish }) => finish !== null);
  const cut = share(ended, ({ finish }) => finish === 'length');
  const words = refusalWords();
  const limit =
    example?.answerLimit === undefined ? words.theirLimit : words.limitOf(counted(example.answerLimit, 'token'));
  if (cut > MOST)
    return [
      {
        kind: 'cut-answers',
        reason: words.cutAnswers(percent(cut, 0), limit),
        advice: words.cutAnswersAdvice(longer(example)),
      },
    ];
  const odd = share(rows.filter(isKnown), hasOddForm);
  if (odd <= MOST) return [];
  return [
    {
      kind: 'unlearnt-form',
      reason: words.oddForm(percent(odd, 0)),
      advice: words.oddFormAdvice(longer(example), rateWords(example)),
    },
  ];
}

/** Whether answer or reference are known: rows from elsewhere may hold verdicts alone. */
function isKnown({ answer, reference }: Row): boolean {
  return answer !== '' || reference !== '';
}

function hasOddForm({ answer, reference, status }: Row): boolean {
  if (status === 'unscored') return false;
  const { length } = answer.trim();
  return length === 0 || (length > LEAST_TOO_LONG && length > TIMES_TOO_LONG * reference.length);
}

function isLikeReference({ answer, reference }: Row): boolean {
  const [said, right] = [answer, reference].map((text) => text.trim().toLowerCase());
  return said !== undefined && right !== undefined && right !== '' && said.includes(right);
}

/** How to take more steps, by the settings where they are known. */
function longer(run: RunSummary | undefined): string {
  const { training, steps } = run ?? {};
  const words = refusalWords();
  if (training === undefined || steps === undefined || steps === null) return words.trainLonger;
  const factor = Math.max(2, Math.ceil(ENOUGH_STEPS / Math.max(1, steps)));
  const { maxSteps } = training;
  if (maxSteps !== undefined && steps >= maxSteps) return words.raiseMaxSteps(maxSteps, maxSteps * factor);
  const batch = Math.max(64, Math.floor(training.batchTokens / factor));
  const smaller = batch < training.batchTokens ? words.lowerBatch(training.batchTokens, batch) : '';
  return `${words.raiseEpochs(training.epochs, training.epochs * factor)}${smaller}`;
}

function rateWords(run: RunSummary | undefined): string {
  return run?.training === undefined ? '' : refusalWords().rateWas(run.training.learningRate);
}

function share<T>(all: readonly T[], is: (each: T) => boolean): number {
  return all.length === 0 ? 0 : all.filter(is).length / all.length;
}
