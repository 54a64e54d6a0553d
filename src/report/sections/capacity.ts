/** Closed book as a table: facts and bits recalled above the floor, beside what 2 bits for each parameter would hold. */
import { groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import type { CapacityPoint } from '../../analysis/capacity.js';
import { percent, shortDifference, whole, withInterval } from '../../analysis/wording.js';
import { html, NOTHING, type Html } from '../html.js';
import { table, type Column } from './table.js';

export function capacitySection({ capacity }: Analysis): Html {
  if (capacity.length === 0) return NOTHING;
  return html`<section id="capacity">
    <h2>Capacity, closed book</h2>
    <p class="note">
      Asked without any text, only about what was trained. The floor is the base model’s share of right answers or that
      of guessing, whichever is larger; facts and bits are those above it. Ceiling: 2 bits for each trained parameter
      (Allen-Zhu and Li, 2024).
    </p>
    ${[...groupBy(capacity, ({ dataset }) => dataset)].map(
      ([dataset, curves]) =>
        html`<h3>${dataset}</h3>
          ${table(
            COLUMNS,
            curves.flatMap(({ points }) => points),
            { noun: 'line' },
          )}`,
    )}
  </section>`;
}

const COLUMNS: readonly Column<CapacityPoint>[] = [
  { name: 'Rank', kind: 'number', value: ({ rank }) => String(rank) },
  { name: 'Items', kind: 'number', value: ({ items }) => whole(items) },
  { name: 'Facts', kind: 'number', value: ({ facts }) => whole(facts) },
  { name: 'Recalled, as measured', kind: 'number', value: ({ recall }) => withInterval(recall, 'accuracy') },
  { name: 'Floor', kind: 'number', value: ({ floor }) => percent(floor) },
  {
    name: 'Facts above the floor',
    kind: 'number',
    value: ({ factsRecalled: { value, low, high } }) => `${whole(value)} (${whole(low)} to ${whole(high)})`,
  },
  {
    name: 'Bits above the floor',
    kind: 'number',
    value: ({ bitsRecalled, bits }) =>
      bitsRecalled === null || bits === null ? '–' : `${whole(bitsRecalled.value)} of ${whole(bits)}`,
  },
  {
    name: 'Bits a parameter',
    kind: 'number',
    value: ({ bitsRecalled, parameters }) =>
      bitsRecalled === null || parameters === null || parameters === 0
        ? '–'
        : (bitsRecalled.value / parameters).toPrecision(2),
  },
  {
    name: 'Ceiling, bits',
    kind: 'number',
    value: ({ ceilingBits }) => (ceilingBits === null ? '–' : whole(ceilingBits)),
  },
  {
    name: 'Points above the base model',
    kind: 'number',
    value: ({ againstBase }) => (againstBase === null ? '–' : shortDifference(againstBase, 'accuracy')),
  },
];
