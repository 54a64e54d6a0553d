/** What a compression curve says: sentences for people, and the comparisons as lines of evidence. */
import { falls, possibleLoss, type Curve, type CurvePoint } from './curve.js';
import { estimateOf } from './group.js';
import {
  amount,
  bookName,
  counted,
  differenceText,
  gap,
  listed,
  percent,
  sentenceCase,
  shortLevel,
  withInterval,
} from './wording.js';

/** From what the text costs to where it breaks: at most five sentences. */
export function curveSentences(curve: Curve): string[] {
  return [priceSentence(curve), peakSentence(curve), kneeSentence(curve), unprovenSentence(curve), baseSentence(curve)]
    .filter((sentence) => sentence !== '')
    .map(sentenceCase);
}

/** A second book's curve in one sentence. */
export function otherCurveSentence(curve: Curve): string {
  return `${bookName(curve.book)}: ${priceSentence(curve)} ${kneeSentence(curve)}`.trim();
}

/** One line per level: its mean, its difference to the best, on how many questions. */
export function curveEvidence(curve: Curve): string[] {
  const { dataset, book, rank, measure, peak } = curve;
  const where = `${dataset}, ${bookName(book)}, rank ${rank}`;
  return curve.points.map((point) => {
    const mean = withInterval(estimateOf(point.cell, measure), measure);
    const asked = `${counted(estimateOf(point.cell, measure).n, 'answer')} on ${counted(estimateOf(point.cell, measure).clusters, 'item')}`;
    const against =
      point.againstBest === null
        ? 'best mean'
        : `${differenceText(point.againstBest, measure)} against ${shortLevel(peak.level)}: ${finding(point)}`;
    return `${where}, ${shortLevel(point.level)} (TRR ${percent(point.trr)}): ${mean}; ${against}; ${asked}.`;
  });
}

/** `no detectable difference`, `detectably lower` or `detectably higher`, for a point against the best. */
export function finding(point: CurvePoint): string {
  if (point.againstBest === null) return 'best mean';
  return falls(point) ? 'detectably lower' : 'no detectable difference';
}

function priceSentence({ safe, peak, measure }: Curve): string {
  const mean = amount(estimateOf(safe.cell, measure).mean, measure);
  const length = safe.trr === null ? '' : lengthWords(safe.trr);
  if (safe === peak) return `${shortLevel(safe.level)}${length} has the best mean, ${mean}.`;
  const difference = safe.againstBest === null ? '' : ` (${differenceText(safe.againstBest, measure)})`;
  return `${shortLevel(safe.level)}${length} scores ${mean}: no detectable difference to ${shortLevel(peak.level)}, the best mean${difference}.`;
}

function lengthWords(trr: number): string {
  if (Math.abs(trr) < 0.005) return '';
  return trr > 0 ? ` saves ${percent(trr, 0)} of the tokens and` : `, ${percent(-trr, 0)} longer than the source,`;
}

function peakSentence({ tied, peak, points }: Curve): string {
  if (tied.length === 0) return `${shortLevel(peak.level)} is detectably better than every other level.`;
  const names = listed(tied.map(({ level }) => shortLevel(level)));
  if (tied.length === points.length - 1)
    return `No peak: no level can be told from ${shortLevel(peak.level)}, the best mean.`;
  return `No single peak: ${names} cannot be told from ${shortLevel(peak.level)}, the best mean.`;
}

function kneeSentence({ firstFall, knee, peak, points, measure }: Curve): string {
  if (firstFall === null || firstFall.againstBest === null) {
    return points.at(-1) === peak ? '' : `No fall is detectable up to ${shortLevel(points.at(-1)?.level ?? 'none')}.`;
  }
  const { difference, low, high } = firstFall.againstBest;
  const interval = `joint interval ${gap(high, measure).replace(' points', '')} to ${gap(low, measure)}`;
  return `The knee is at ${shortLevel(knee.level)}: from ${shortLevel(firstFall.level)} on the score falls, there by ${gap(difference, measure)} (${interval}).`;
}

function unprovenSentence({ knee, safe, measure, tolerance }: Curve): string {
  if (knee === safe) return '';
  const loss = possibleLoss(knee);
  const allowed = Number.isFinite(loss) ? `a loss of up to ${gap(loss, measure)}` : 'a loss of any size';
  return `At ${shortLevel(knee.level)} no fall is detectable either, but ${allowed} is not excluded (tolerated: ${gap(tolerance, measure)}); more questions would tell.`;
}

function baseSentence({ safe, measure }: Curve): string {
  const { base } = safe;
  if (base === null || safe.againstBase === null) return '';
  const { detectable, difference } = safe.againstBase;
  const numbers = differenceText(safe.againstBase, measure);
  const at = base.level === 'none' ? '' : ` reading ${shortLevel(base.level)}`;
  if (!detectable)
    return `Training makes no detectable difference: the adapter cannot be told from the untuned base model${at} (${numbers}).`;
  return `Training ${difference > 0 ? 'helps' : 'hurts'}: against the untuned base model${at}, ${numbers}.`;
}
