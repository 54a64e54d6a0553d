/** What a compression curve says: sentences for people, and the comparisons as lines of evidence. */
import { lowerBound, type Comparison } from './compare.js';
import { falls, type Curve, type CurvePoint } from './curve.js';
import { estimateOf } from './group.js';
import { settlingWords } from './settling.js';
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
  return `${bookName(curve.book)}: ${decisionSentence(curve)} ${stopSentence(curve)}`.trim();
}

/** How far compression may go, in one sentence. */
export function decisionSentence({ chosen, reference, stop, measure, tolerance }: Curve): string {
  const saved = chosen.trr === null ? '' : lengthWords(chosen.trr);
  const name = shortLevel(chosen.level);
  if (chosen.againstReference !== null)
    return `${name}${saved} keeps the score of ${shortLevel(reference.level)}: a loss of more than ${gap(tolerance, measure)} is excluded (${boundWords(chosen.againstReference, measure)}).`;
  if (stop === null) return `No level is more compressed than ${name}.`;
  if (stop.outcome === 'lost')
    return `${shortLevel(stop.level)} already loses more against ${name} than the ${gap(tolerance, measure)} that are allowed.`;
  return `No more compressed level is shown to keep the score of ${name} within ${gap(tolerance, measure)}.`;
}

/** One line per level: its mean, its difference to the reference and to the best, on how many questions. */
export function curveEvidence(curve: Curve): string[] {
  const { dataset, book, rank, measure, reference, peak } = curve;
  const where = `${dataset}, ${bookName(book)}, rank ${rank}`;
  return curve.points.map((point) => {
    const estimate = estimateOf(point.cell, measure);
    const parts = [
      withInterval(estimate, measure),
      point.againstReference === null
        ? 'what losses are counted from'
        : `${differenceText(point.againstReference, measure)} against ${shortLevel(reference.level)}`,
      point.againstBest === null
        ? 'best mean'
        : `${differenceText(point.againstBest, measure)} against ${shortLevel(peak.level)}: ${finding(point)}`,
      `${counted(estimate.n, 'answer')} on ${counted(estimate.clusters, 'item')}`,
    ];
    return `${where}, ${shortLevel(point.level)} (TRR ${percent(point.trr)}): ${parts.join('; ')}.`;
  });
}

/** `no detectable difference` or `detectably lower`, for a point against the best. */
export function finding(point: CurvePoint): string {
  if (point.againstBest === null) return 'best mean';
  return falls(point) ? 'detectably lower' : 'no detectable difference';
}

function boundWords(comparison: Comparison, measure: Curve['measure']): string {
  const bound = -lowerBound(comparison);
  if (bound <= 0) return 'one-sided, at 95\u00a0%: no loss at all';
  return `one-sided, at 95\u00a0%: at most ${gap(bound, measure)}`;
}

function lengthWords(trr: number): string {
  if (Math.abs(trr) < 0.005) return '';
  return trr > 0 ? ` saves ${percent(trr, 0)} of the tokens and` : `, ${percent(-trr, 0)} longer than the source,`;
}

function stopSentence({ stop, chosen, reference, measure, tolerance }: Curve): string {
  if (stop?.againstReference == null) return '';
  const name = shortLevel(stop.level);
  const numbers = differenceText(stop.againstReference, measure);
  if (stop.outcome === 'lost') {
    return chosen === reference ? '' : `${name} loses more than that (${numbers}).`;
  }
  return `Whether ${name} loses more than ${gap(tolerance, measure)} is not settled (${numbers}); ${settlingWords(stop.cell, stop.againstReference, tolerance, measure)}.`;
}

function raisedSentence({ raised, points, measure, reference }: Curve): string {
  const original = points.find(({ level }) => level === 'original');
  if (raised.length === 0 || original?.againstReference == null) return '';
  const names = listed(raised.map(({ level }) => shortLevel(level)));
  const verb = raised.length === 1 ? 'scores' : 'score';
  return `Changing the text raises the score: ${names} ${verb} detectably above original, ${shortLevel(reference.level)} by ${gap(original.againstReference.difference, measure)}; losses are counted from there.`;
}

function lossesSentence({ points, reference, measure }: Curve): string {
  const others = points.flatMap((point) =>
    point.againstReference === null
      ? []
      : [`${shortLevel(point.level)} ${shortDifference(point.againstReference, measure)}`],
  );
  const unit = measure === 'score' ? '' : ', in points';
  return `Difference to ${shortLevel(reference.level)} with joint intervals${unit}: ${others.join(', ')}.`;
}

function peakSentence({ tied, peak, points }: Curve): string {
  if (points.every(({ cell }) => cell.accuracy.clusters < 6)) return 'Too few items to tell levels apart.';
  if (tied.length === 0) return `${shortLevel(peak.level)} is detectably better than every other level.`;
  const names = listed(tied.map(({ level }) => shortLevel(level)));
  if (tied.length === points.length - 1) return `No level can be told from ${shortLevel(peak.level)}, the best mean.`;
  const lower = listed(points.filter(falls).map(({ level }) => shortLevel(level)));
  return `${names} cannot be told from ${shortLevel(peak.level)}, the best mean; ${lower} ${points.filter(falls).length === 1 ? 'scores' : 'score'} detectably lower.`;
}

/** Together levels tell more than each by itself. */
function splitSentence({ split, measure }: Curve): string {
  if (split === null) return '';
  const means = (points: readonly CurvePoint[]): string => {
    const names = listed(points.map(({ level }) => shortLevel(level)));
    return points.length === 1 ? names : `${names} together`;
  };
  const direction = split.comparison.difference < 0 ? 'below' : 'above';
  return `${means(split.more)} ${split.more.length === 1 ? 'lies' : 'lie'} ${direction} ${means(split.less)}: ${differenceText(split.comparison, measure)}.`;
}

function stepSentence({ steps, measure }: Curve): string {
  if (steps.length === 0) return '';
  const words = steps.map(
    ({ from, to, comparison }) =>
      `from ${shortLevel(from.level)} to ${shortLevel(to.level)} the score ${comparison.difference < 0 ? 'falls' : 'rises'} by ${gap(comparison.difference, measure)}`,
  );
  return `Single steps that can be told: ${words.join('; ')}.`;
}

/** What training adds, on one and the same text; where the base did not read the chosen text, that the two cannot be told apart. */
function baseSentence({ chosen, points, base, measure }: Curve): string {
  if (chosen.cell.rank === 0) return '';
  if (base === null) return 'The base model was not asked: nothing says what training adds.';
  if (chosen.againstBase !== null) return trainingWords(chosen, chosen.againstBase, measure);
  const asked = points.find(({ level }) => level === base.level);
  const there = asked?.againstBase == null ? '' : ` ${trainingWords(asked, asked.againstBase, measure)}`;
  return `The base model did not read ${shortLevel(chosen.level)}: there, what training adds cannot be told from what the text does.${there}`;
}

function trainingWords({ level }: CurvePoint, comparison: Comparison, measure: Curve['measure']): string {
  const numbers = differenceText(comparison, measure);
  const both = `the adapter and the base model, both reading ${shortLevel(level)}`;
  if (!comparison.detectable) return `Training makes no detectable difference between ${both} (${numbers}).`;
  return `Training ${comparison.difference > 0 ? 'helps' : 'hurts'}, comparing ${both}: ${numbers}.`;
}

function abstentionSentence({ points }: Curve): string {
  const asked = points.flatMap(({ level, cell }) =>
    cell.abstention === null ? [] : [`${shortLevel(level)} ${withInterval(cell.abstention, 'accuracy')}`],
  );
  if (asked.length === 0) return '';
  return `Of questions that the text cannot answer, counted in no other mean, these shares were declined: ${asked.join(', ')}.`;
}
