/** The figures of how trainings went: the loss over their steps, one figure for each data set and book. */
import { groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import { hasFallen, hasRisen } from '../../analysis/learning.js';
import type { RunSummary } from '../../analysis/run-summary.js';
import { bookName, counted, listed, shortLevel, whole } from '../../analysis/wording.js';
import { figureWords } from '../../words/charts.js';
import { findingWords } from '../../words/findings.js';
import { numberWords } from '../../words/numbers.js';
import { lossChart, type TrainingLine } from '../charts/loss.js';
import type { LossCurve } from '../data.js';
import type { Figure } from './figure.js';

/** By a run's id: its training's loss. */
export type LossCurves = ReadonlyMap<string, LossCurve>;

/** Figures for the runs whose training left losses. */
export function lossFigures({ runs }: Analysis, losses: LossCurves, ranks: readonly number[]): Figure[] {
  const trained = runs.filter(({ id, control }) => control === undefined && (losses.get(id)?.trained.length ?? 0) > 1);
  const arms = groupBy(trained, ({ dataset, book }) => JSON.stringify([dataset, book]));
  return [...arms.values()].map((arm) => lossFigure(arm, losses, ranks));
}

function lossFigure(arm: readonly RunSummary[], losses: LossCurves, ranks: readonly number[]): Figure {
  const [{ dataset, book } = { dataset: '', book: 'open' as const }] = arm;
  const title = figureWords().lossOverSteps(dataset, bookName(book));
  const lines = arm.flatMap((run): TrainingLine[] => {
    const curve = losses.get(run.id);
    return curve === undefined ? [] : [{ place: placeOf(run, arm), rank: run.rank, curve }];
  });
  const hasHeldOut = lines.some(({ curve }) => curve.heldOut.length > 0);
  return {
    name: `${dataset}-${book}-loss`,
    title,
    finding: lossFinding(arm),
    notes: [figureWords().lossNote, ...(hasHeldOut ? [figureWords().heldOutNote] : [])],
    draw: (size) => lossChart({ label: title, lines, ranks }, size),
  };
}

/** What tells a training from the others of its data set and book: the level, the form, the number of items. */
function placeOf({ level, items, form }: RunSummary, arm: readonly RunSummary[]): string {
  const amount = counted(items, 'item');
  if (level === 'none') return amount;
  const isOneAmount = arm.every((run) => run.items === items);
  const isOneForm = arm.every((run) => run.form === form);
  return numberWords().parts(
    shortLevel(level),
    ...(isOneForm || form === undefined ? [] : [form]),
    ...(isOneAmount ? [] : [amount]),
  );
}

function lossFinding(arm: readonly RunSummary[]): string {
  const risen = arm.filter(hasRisen);
  const words = findingWords();
  const [fell, trainings] = [whole(arm.filter(hasFallen).length), counted(arm.length, 'training')];
  if (risen.length === 0) return words.lossFell(fell, trainings);
  const { parts, rank } = numberWords();
  const places = listed(risen.slice(0, 4).map((run) => parts(placeOf(run, arm), rank(run.rank))));
  return words.lossRose({ fell, trainings, rose: whole(risen.length), places, more: risen.length > 4 });
}
