/** What the closed-book runs say of capacity: sentences for people, and lines of evidence. */
import { capacityWords } from '../words/capacity.js';
import { numberWords } from '../words/numbers.js';
import type { Bounded, CapacityCurve, CapacityPoint } from './capacity.js';
import type { Saturation } from './saturation.js';
import { counted, differenceText, percent, whole, withInterval } from './wording.js';

/** A few sentences for each rank, at its largest amount. */
export function capacitySentences(curves: readonly CapacityCurve[]): string[] {
  return curves.map((curve) => {
    const last = curve.points.at(-1) as CapacityPoint;
    const facts = counted(last.facts, 'fact');
    const recalled = whole(last.factsRecalled.value);
    return numberWords().sentences([
      capacityWords().recalls({ rank: curve.rank, recalled, facts, bits: bitsWords(last) }),
      limitSentence(curve),
      wordingSentence(last),
      crowdingSentence(curve),
    ]);
  });
}

/** One line for each amount and rank. */
export function capacityEvidence(curves: readonly CapacityCurve[]): string[] {
  const words = capacityWords();
  return curves.flatMap(({ dataset, rank, points }) =>
    points.map(({ items, recall, facts, floor, factsRecalled, againstBase }) =>
      words.line({
        ...{ dataset, rank, items: counted(items, 'item'), recall: withInterval(recall, 'accuracy') },
        ...{ facts: counted(facts, 'fact'), floor: percent(floor), recalled: shown(factsRecalled, whole) },
        base: againstBase === null ? '' : words.againstBase(differenceText(againstBase, 'accuracy')),
      }),
    ),
  );
}

function shown({ value, low, high }: Bounded, text: (value: number) => string): Record<keyof Bounded, string> {
  return { value: text(value), low: text(low), high: text(high) };
}

function bitsWords({ bitsRecalled, bits, ceilingBits }: CapacityPoint): string {
  if (bitsRecalled === null || bits === null) return '';
  const ceiling =
    ceilingBits === null || ceilingBits === 0
      ? ''
      : capacityWords().ceiling(whole(ceilingBits), percent(bitsRecalled.value / ceilingBits));
  return capacityWords().bits(whole(bitsRecalled.value), whole(bits), ceiling);
}

/** What the rank holds at most, or that the amounts tried do not tell. */
function limitSentence({ saturation: { facts, bits }, points, peak }: CapacityCurve): string {
  const words = capacityWords();
  if (peak !== null) {
    const [items, recalled] = [counted(peak.items, 'item'), shown(peak.factsRecalled, whole)];
    return words.peak({ items, recalled, facts: counted(peak.facts, 'fact') });
  }
  if (facts === null) return points.length < 3 ? words.tooFewAmounts : '';
  const last = points.at(-1) as CapacityPoint;
  if (!facts.reached) return words.notReached(counted(last.facts, 'fact'), whole(facts.low));
  return words.limit(shown(limitOf(facts), whole), limitBits(bits, last.parameters));
}

function limitOf({ limit, low, high }: Saturation): Bounded {
  return { value: limit, low, high };
}

/** Bits at most, and for each parameter, beside what others measured. */
function limitBits(bits: Saturation | null, parameters: number | null): string {
  if (bits?.reached !== true) return '';
  const total = capacityWords().limitBits(shown(limitOf(bits), whole));
  if (parameters === null || parameters === 0) return total;
  const each = shown(limitOf(bits), (value) => (value / parameters).toPrecision(2));
  return `${total}${capacityWords().limitEach(each, whole(parameters))}`;
}

/** Where questions were asked as they were trained, a string learnt by heart passes for knowledge. */
function wordingSentence({ cell: { rows } }: CapacityPoint): string {
  const known = rows.filter(({ reworded }) => reworded !== null);
  const asTrained = known.filter(({ reworded }) => reworded === false).length;
  if (asTrained === 0) return '';
  const words = capacityWords();
  return words.asTrained(asTrained === known.length ? words.all : words.someOf(whole(asTrained), whole(known.length)));
}

function crowdingSentence({ crowding, points }: CapacityCurve): string {
  const first = points[0];
  const last = points.at(-1);
  if (crowding === null || first === undefined || last === undefined || crowding.n === 0) return '';
  const [most, fewest] = [whole(last.items), whole(first.items)];
  if (!crowding.detectable) return capacityWords().noCrowding(most, fewest);
  const numbers = differenceText(crowding, 'accuracy');
  return capacityWords().crowding({ most, fewest, crowdsOut: crowding.difference < 0, numbers });
}
