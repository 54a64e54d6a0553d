/** What a compression curve says: sentences for people, and the comparisons as lines of evidence. */
import type { Comparison } from './compare.js';
import { falls, type Curve, type CurvePoint } from './curve.js';
import { estimateOf } from './group.js';
import { curveWords } from '../words/curve.js';
import { numberWords } from '../words/numbers.js';
import { boundWords, settlingWords } from './settling.js';
import {
  bookName,
  counted,
  differenceText,
  gap,
  listed,
  percent,
  sentenceCase,
  shortDifference,
  shortLevel,
  withInterval,
} from './wording.js';

/** What to use and why, what each level loses, and what training adds to the text. */
export function curveSentences(curve: Curve): string[] {
  return [
    decisionSentence(curve),
    stopSentence(curve),
    raisedSentence(curve),
    lossesSentence(curve),
    peakSentence(curve),
    splitSentence(curve),
    stepSentence(curve),
    baseSentence(curve),
    abstentionSentence(curve),
  ]
    .filter((sentence) => sentence !== '')
    .map(sentenceCase);
}

/** A second book's curve in one sentence. */
export function otherCurveSentence(curve: Curve): string {
  const sentences = numberWords().sentences([decisionSentence(curve), stopSentence(curve)]);
  return curveWords().otherBook(bookName(curve.book), sentences);
}

/** How far compression may go, in one sentence. */
export function decisionSentence({ chosen, reference, stop, measure, tolerance }: Curve): string {
  const words = curveWords();
  const [name, allowed] = [shortLevel(chosen.level), gap(tolerance, measure)];
  if (chosen.againstReference !== null) {
    const saved = chosen.trr === null ? '' : lengthWords(chosen.trr);
    const bound = boundWords(chosen.againstReference, measure);
    return words.keeps({ name, saved, reference: shortLevel(reference.level), allowed, bound });
  }
  if (stop === null) return words.noneFurther(name);
  if (stop.outcome === 'lost') return words.nextLoses({ name: shortLevel(stop.level), reference: name, allowed });
  return words.noneShown(name, allowed);
}

/** One line per level: its mean, its difference to the reference and to the best, on how many questions. */
export function curveEvidence(curve: Curve): string[] {
  const { dataset, book, rank, measure, reference, peak } = curve;
  const [words, shared] = [curveWords(), numberWords()];
  const where = shared.parts(dataset, bookName(book), shared.rank(rank));
  return curve.points.map((point) => {
    const estimate = estimateOf(point.cell, measure);
    const against = (comparison: Comparison, level: string): string =>
      words.against(differenceText(comparison, measure), shortLevel(level));
    const parts = [
      withInterval(estimate, measure),
      point.againstReference === null ? words.counted : against(point.againstReference, reference.level),
      point.againstBest === null ? words.best : shared.named(against(point.againstBest, peak.level), finding(point)),
      words.answers(counted(estimate.n, 'answer'), counted(estimate.clusters, 'item')),
    ];
    return words.line(words.place(where, shortLevel(point.level), percent(point.trr)), parts);
  });
}

/** `no detectable difference` or `detectably lower`, for a point against the best. */
function finding(point: CurvePoint): string {
  return falls(point) ? curveWords().lower : curveWords().noDifference;
}

function lengthWords(trr: number): string {
  if (Math.abs(trr) < 0.005) return '';
  return trr > 0 ? curveWords().saves(percent(trr, 0)) : curveWords().longer(percent(-trr, 0));
}

function stopSentence({ stop, chosen, reference, measure, tolerance }: Curve): string {
  if (stop?.againstReference == null) return '';
  const name = shortLevel(stop.level);
  const numbers = differenceText(stop.againstReference, measure);
  if (stop.outcome === 'lost') return chosen === reference ? '' : curveWords().losesMore(name, numbers);
  const settling = settlingWords(stop.cell, stop.againstReference, tolerance, measure);
  return curveWords().notSettled(name, { allowed: gap(tolerance, measure), numbers, settling });
}

function raisedSentence({ raised, points, measure, reference }: Curve): string {
  const original = points.find(({ level }) => level === 'original');
  if (raised.length === 0 || original?.againstReference == null) return '';
  const names = raised.map(({ level }) => shortLevel(level));
  const by = gap(original.againstReference.difference, measure);
  return curveWords().raised(names, { names: listed(names), best: shortLevel(reference.level), by });
}

function lossesSentence({ points, reference, measure }: Curve): string {
  const others = points.flatMap((point) =>
    point.againstReference === null
      ? []
      : [`${shortLevel(point.level)} ${shortDifference(point.againstReference, measure)}`],
  );
  return curveWords().losses(shortLevel(reference.level), measure !== 'score', others);
}

function peakSentence({ tied, peak, points }: Curve): string {
  const words = curveWords();
  const best = shortLevel(peak.level);
  if (points.every(({ cell }) => cell.accuracy.clusters < 6)) return words.tooFewItems;
  if (tied.length === 0) return words.bestOfAll(best);
  if (tied.length === points.length - 1) return words.noneApart(best);
  const names = (of: readonly CurvePoint[]): string => listed(of.map(({ level }) => shortLevel(level)));
  const lower = points.filter(falls);
  return words.someApart({ tied: names(tied), best, lower: names(lower), isOne: lower.length === 1 });
}

/** Together levels tell more than each by itself. */
function splitSentence({ split, measure }: Curve): string {
  if (split === null) return '';
  const means = (points: readonly CurvePoint[]): string => {
    const names = listed(points.map(({ level }) => shortLevel(level)));
    return points.length === 1 ? names : curveWords().together(names);
  };
  return curveWords().split({
    ...{ more: means(split.more), less: means(split.less), isOne: split.more.length === 1 },
    ...{ isBelow: split.comparison.difference < 0, numbers: differenceText(split.comparison, measure) },
  });
}

function stepSentence({ steps, measure }: Curve): string {
  if (steps.length === 0) return '';
  const words = steps.map(({ from, to, comparison: { difference } }) =>
    curveWords().step({
      ...{ from: shortLevel(from.level), to: shortLevel(to.level) },
      ...{ falls: difference < 0, by: gap(difference, measure) },
    }),
  );
  return curveWords().steps(words);
}

/** What training adds, on one and the same text; where the base did not read the chosen text, that the two cannot be told apart. */
function baseSentence({ chosen, points, base, measure }: Curve): string {
  if (chosen.cell.rank === 0) return '';
  if (base === null) return curveWords().baseNotAsked;
  if (chosen.againstBase !== null) return trainingWords(chosen, chosen.againstBase, measure);
  const asked = points.find(({ level }) => level === base.level);
  return numberWords().sentences([
    curveWords().baseReadOther(shortLevel(chosen.level)),
    asked?.againstBase == null ? '' : trainingWords(asked, asked.againstBase, measure),
  ]);
}

function trainingWords({ level }: CurvePoint, comparison: Comparison, measure: Curve['measure']): string {
  const numbers = differenceText(comparison, measure);
  if (!comparison.detectable) return curveWords().trainingUnseen(shortLevel(level), numbers);
  return curveWords().training(comparison.difference > 0, shortLevel(level), numbers);
}

function abstentionSentence({ points }: Curve): string {
  const asked = points.flatMap(({ level, cell }) =>
    cell.abstention === null ? [] : [`${shortLevel(level)} ${withInterval(cell.abstention, 'accuracy')}`],
  );
  return asked.length === 0 ? '' : curveWords().abstention(asked);
}
