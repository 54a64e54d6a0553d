/** Closed book as a table: facts and bits recalled above the floor, beside what 2 bits for each parameter would hold. */
import { groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import type { CapacityPoint } from '../../analysis/capacity.js';
import { percent, shortDifference, whole, withInterval } from '../../analysis/wording.js';
import { pageWords } from '../../words/page.js';
import { columnWords } from '../../words/tables.js';
import { numberWords } from '../../words/numbers.js';
import { html, NOTHING, type Html } from '../html.js';
import { table, type Column } from './table.js';

export function capacitySection({ capacity }: Analysis): Html {
  if (capacity.length === 0) return NOTHING;
  return html`<section id="capacity">
    <h2>${pageWords().capacity}</h2>
    <p class="note">${pageWords().capacityNote}</p>
    ${[...groupBy(capacity, ({ dataset }) => dataset)].map(
      ([dataset, curves]) =>
        html`<h3>${dataset}</h3>
          ${table(
            capacityColumns(),
            curves.flatMap(({ points }) => points),
            { noun: 'line' },
          )}`,
    )}
  </section>`;
}

function capacityColumns(): readonly Column<CapacityPoint>[] {
  const words = columnWords();
  const { beside, interval } = numberWords();
  return [
    { name: words.rank, kind: 'number', value: ({ rank }) => String(rank) },
    { name: words.items, kind: 'number', value: ({ items }) => whole(items) },
    { name: words.facts, kind: 'number', value: ({ facts }) => whole(facts) },
    { name: words.recalled, kind: 'number', value: ({ recall }) => withInterval(recall, 'accuracy') },
    { name: words.floor, kind: 'number', value: ({ floor }) => percent(floor) },
    {
      name: words.factsAboveFloor,
      kind: 'number',
      value: ({ factsRecalled: { value, low, high } }) => beside(whole(value), interval(whole(low), whole(high))),
    },
    { name: words.bitsAboveFloor, kind: 'number', value: bitsText },
    { name: words.bitsEach, kind: 'number', value: bitsEachText },
    {
      name: words.ceiling,
      kind: 'number',
      value: ({ ceilingBits }) => (ceilingBits === null ? '–' : whole(ceilingBits)),
    },
    {
      name: words.aboveBase,
      kind: 'number',
      value: ({ againstBase }) => (againstBase === null ? '–' : shortDifference(againstBase, 'accuracy')),
    },
  ];
}

function bitsText({ bitsRecalled, bits }: CapacityPoint): string {
  return bitsRecalled === null || bits === null ? '–' : columnWords().of(whole(bitsRecalled.value), whole(bits));
}

function bitsEachText({ bitsRecalled, parameters }: CapacityPoint): string {
  if (bitsRecalled === null || parameters === null || parameters === 0) return '–';
  return (bitsRecalled.value / parameters).toPrecision(2);
}
