/** What the closed-book runs say of capacity: sentences for people, and lines of evidence. */
import type { CapacityCurve, CapacityPoint } from './capacity.js';
import { counted, differenceText, percent, whole, withInterval } from './wording.js';

/** One sentence for each rank, at its largest amount. */
export function capacitySentences(curves: readonly CapacityCurve[]): string[] {
  return curves.map((curve) => {
    const last = curve.points.at(-1) as CapacityPoint;
    return `Closed book, rank ${curve.rank} recalls ${whole(last.factsRecalled.value)} of ${counted(last.facts, 'fact')} above the floor${bitsWords(last)}.${limitSentence(curve)}${wordingSentence(last)}${crowdingSentence(curve)}`;
  });
}

/** One line for each amount and rank. */
export function capacityEvidence(curves: readonly CapacityCurve[]): string[] {
  return curves.flatMap(({ dataset, rank, points }) =>
    points.map(({ items, recall, facts, floor, factsRecalled, againstBase }) => {
      const recalled = `${whole(factsRecalled.value)} facts recalled (${whole(factsRecalled.low)} to ${whole(factsRecalled.high)})`;
      const base = againstBase === null ? '' : `; ${differenceText(againstBase, 'accuracy')} against the base model`;
      return `${dataset}, closed book, rank ${rank}, ${counted(items, 'item')}: ${withInterval(recall, 'accuracy')} of ${counted(facts, 'fact')}, floor ${percent(floor)}, ${recalled}${base}.`;
    }),
  );
}

function bitsWords({ bitsRecalled, bits, ceilingBits }: CapacityPoint): string {
  if (bitsRecalled === null || bits === null) return '';
  const ceiling =
    ceilingBits === null || ceilingBits === 0
      ? ''
      : `; 2 bits per parameter would hold ${whole(ceilingBits)}, of which this is ${percent(bitsRecalled.value / ceilingBits)}`;
  return `, ${whole(bitsRecalled.value)} of ${whole(bits)} bits${ceiling}`;
}

/** What the rank holds at most, or that the amounts tried do not tell. */
function limitSentence({ saturation: { facts, bits }, points }: CapacityCurve): string {
  if (facts === null) return points.length < 3 ? ' Its limit takes three amounts to tell.' : '';
  const last = points.at(-1) as CapacityPoint;
  if (!facts.reached)
    return ` Its limit was not reached: at ${counted(last.facts, 'fact')} recall still grows with what is asked (at least ${whole(facts.low)} facts).`;
  return ` By the curve through its amounts it holds about ${whole(facts.limit)} facts at most (${whole(facts.low)} to ${whole(facts.high)})${limitBits(bits, last.parameters)}.`;
}

/** Bits at most, and for each parameter, beside what others measured. */
function limitBits(bits: CapacityCurve['saturation']['bits'], parameters: number | null): string {
  if (bits?.reached !== true) return '';
  const total = `, ${whole(bits.limit)} bits (${whole(bits.low)} to ${whole(bits.high)})`;
  if (parameters === null || parameters === 0) return total;
  const each = (value: number): string => (value / parameters).toPrecision(2);
  return `${total}: ${each(bits.limit)} for each of its ${whole(parameters)} parameters (${each(bits.low)} to ${each(bits.high)}), where whole models hold 2 (Allen-Zhu and Li, 2024) and adapters on random facts between 0.05 and 2.75`;
}

/** Where questions were asked as they were trained, a string learnt by heart passes for knowledge. */
function wordingSentence({ cell: { rows } }: CapacityPoint): string {
  const known = rows.filter(({ reworded }) => reworded !== null);
  const asTrained = known.filter(({ reworded }) => reworded === false).length;
  if (asTrained === 0) return '';
  const which = asTrained === known.length ? 'All' : `${whole(asTrained)} of ${whole(known.length)}`;
  return ` ${which} were asked in the very wording that was trained, where a sentence learnt by heart looks like a fact that is known: give questions a testPrompt, a wording kept for asking.`;
}

function crowdingSentence({ crowding, points }: CapacityCurve): string {
  const first = points[0];
  const last = points.at(-1);
  if (crowding === null || first === undefined || last === undefined || crowding.n === 0) return '';
  const numbers = differenceText(crowding, 'accuracy');
  const amounts = `${whole(last.items)} items in place of ${whole(first.items)}`;
  if (!crowding.detectable) return ` Training on ${amounts} makes no detectable difference to the facts they share.`;
  const direction = crowding.difference < 0 ? 'crowds out' : 'helps';
  return ` Training on ${amounts} ${direction} the facts they share (${numbers}).`;
}
