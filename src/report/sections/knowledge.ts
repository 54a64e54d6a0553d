/** A text book in figures and tables: what each adapter recalls, what that is worth and costs, its controls and what it is compared with. */
import type { Analysis } from '../../analysis/analyse.js';
import { contrastsOf, type Contrast } from '../../analysis/knowledge/contrasts.js';
import type { Knowledge, KnowledgeCell } from '../../analysis/knowledge/knowledge.js';
import { bitsEach, signed } from '../../analysis/knowledge/words.js';
import { minus, percent, sentenceCase, shortLevel, whole } from '../../analysis/wording.js';
import type { MeanEstimate } from '../../core/statistics.js';
import { html, NOTHING, type Html } from '../html.js';
import { figureHtml, type Figure } from './figure.js';
import { table, type Column } from './table.js';

/** `figures` are those of the text books, numbered from 1. */
export function knowledgeSection({ knowledge }: Pick<Analysis, 'knowledge'>, figures: readonly Figure[]): Html {
  if (knowledge.length === 0) return NOTHING;
  return html`<section id="knowledge">
    <h2>Knowledge in the weights</h2>
    <p class="note">
      Adapters were trained on texts and asked without them. What the base answers without any text is left out of
      recall, facts and bits, and counted apart.
    </p>
    ${figures.length === 0 ? NOTHING : html`<div class="figures">${figures.map((figure, i) => figureHtml(figure, i + 1))}</div>`}
    ${knowledge.map((own) => datasetTables(own, knowledge.length > 1))}
  </section>`;
}

function datasetTables(knowledge: Knowledge, isNamed: boolean): Html {
  const title = (text: string): string => (isNamed ? `${knowledge.dataset}: ${text}` : sentenceCase(text));
  const contrasts = contrastsOf(knowledge);
  return html`<h3>${title('what each adapter recalls')}</h3>
    <p class="note">
      Answered right without the text, in per cent, with 95&nbsp;% intervals of each mean by itself. Covered: asked for
      by a trained question; uncovered: not, though others about the item were trained; untaught: only the item’s text
      was trained; unseen: nothing of the item was. Kept: answers still found in the level’s text; learnt: recall of
      those.
    </p>
    ${table(recallColumns(knowledge), knowledge.cells, { noun: 'adapter' })}
    <h3>${title('what it is worth, and what it costs the base')}</h3>
    <p class="note">
      Bits a parameter, for comparison: 2 are a ceiling of pretraining (Allen-Zhu and Li, 2024), 1.7 to 2.75 were
      measured of adapters that learn texts word for word, 0.05 to 0.4 of adapters that learn random facts. Loss and
      divergence in bits a token; read: questions about texts never trained on, with the text in the prompt.
    </p>
    ${table(costColumns(knowledge), knowledge.cells, { noun: 'adapter' })}
    <h3>${title('controls')}</h3>
    <p class="note">
      Right answers to questions about trained items: of all of them without text, else of those that the base does not
      answer without text.
    </p>
    ${table(CONTROL_COLUMNS, controlsOf(knowledge))}
    ${contrastTable(contrasts, knowledge, title('compared on the same questions'))}`;
}

type AdapterPlace = Pick<KnowledgeCell, 'level' | 'form' | 'rank' | 'exposures' | 'items'>;

function placeColumns<T>({ levels }: Knowledge, placeOf: (row: T) => AdapterPlace): Column<T>[] {
  return [
    {
      name: 'Level',
      value: (row) => shortLevel(placeOf(row).level),
      order: (row) => levels.indexOf(placeOf(row).level),
    },
    { name: 'Form', value: (row) => placeOf(row).form },
    { name: 'Rank', kind: 'number', value: (row) => String(placeOf(row).rank) },
    { name: 'Items', kind: 'number', folds: true, value: (row) => whole(placeOf(row).items) },
    {
      name: 'Exposures',
      kind: 'number',
      folds: true,
      value: (row) => whole(placeOf(row).exposures),
      hint: 'how often each fact was seen',
    },
  ];
}

function recallColumns(knowledge: Knowledge): Column<KnowledgeCell>[] {
  return [
    ...placeColumns<KnowledgeCell>(knowledge, (cell) => cell),
    recallColumn('Covered', ({ recall }) => recall.covered),
    recallColumn('Uncovered', ({ recall }) => recall.uncovered),
    recallColumn('Untaught', ({ recall }) => recall.untaught),
    recallColumn('Unseen', ({ recall }) => recall.unseen),
    { ...recallColumn('All trained', ({ trained }) => trained), hint: 'all but unseen' },
    {
      name: 'Kept',
      kind: 'number',
      value: ({ retention }) => percent(retention),
      hint: 'answers still found in the text',
    },
    { name: 'Learnt', kind: 'number', value: ({ learnt }) => percent(learnt), hint: 'recall over kept' },
    { name: 'Seeds', kind: 'number', folds: true, value: ({ seeds }) => String(seeds.length) },
  ];
}

function recallColumn(name: string, value: (cell: KnowledgeCell) => MeanEstimate | null): Column<KnowledgeCell> {
  return { name, kind: 'number', value: (cell) => shareText(value(cell)) };
}

/** `17.6 (8.7 to 32.4)`. */
function shareText(estimate: MeanEstimate | null): string {
  if (estimate === null) return '–';
  const [mean, low, high] = [estimate.mean, estimate.low, estimate.high].map((share) => minus(100 * share, 1));
  return Number.isNaN(estimate.low) ? `${mean}` : `${mean} (${low} to ${high})`;
}

function costColumns(knowledge: Knowledge): Column<KnowledgeCell>[] {
  const unknown = '–';
  return [
    ...placeColumns<KnowledgeCell>(knowledge, (cell) => cell),
    { name: 'Tokens trained', kind: 'number', value: ({ tokens }) => (tokens === null ? unknown : whole(tokens)) },
    { name: 'Facts', kind: 'number', value: ({ facts }) => whole(facts) },
    { name: 'Bits', kind: 'number', value: ({ bits }) => (bits === null ? unknown : whole(bits)) },
    { name: 'Bits a parameter', kind: 'number', value: ({ bitsPerParameter }) => bitsEach(bitsPerParameter) },
    {
      name: 'Change of loss on other text',
      kind: 'number',
      value: ({ cost }) => (cost === null ? unknown : riseCell(cost.generalRise)),
      order: ({ cost }) => cost?.generalRise.mean ?? NaN,
    },
    {
      name: 'Divergence',
      kind: 'number',
      value: ({ cost }) => (cost === null ? unknown : minus(cost.divergence.mean, 2)),
      hint: 'from the base, on the base’s own samples',
    },
    {
      name: 'Known facts lost',
      kind: 'number',
      value: ({ known }) => (known.asked === 0 ? unknown : `${whole(known.lost)} of ${whole(known.asked)}`),
      hint: 'of what the base answers without any text',
    },
    {
      name: 'Read: lost, won',
      kind: 'number',
      value: ({ cost }) => (cost?.reading == null ? unknown : readingText(cost.reading)),
    },
  ];
}

function riseCell({ mean, low, high }: MeanEstimate): string {
  return signedCell([mean, low, high], 2);
}

function differenceCell({ difference, low, high }: Contrast): string {
  return signedCell([100 * difference, 100 * low, 100 * high], 1);
}

function signedCell(values: readonly [number, number, number], decimals: number): string {
  const [middle, low, high] = values.map((value) => signed(value, decimals));
  return Number.isNaN(values[1]) ? `${middle}` : `${middle} (${low} to ${high})`;
}

function readingText({
  asked,
  rightToWrong,
  wrongToRight,
}: {
  asked: number;
  rightToWrong: number;
  wrongToRight: number;
}): string {
  return `${whole(rightToWrong)}, ${whole(wrongToRight)} of ${whole(asked)}`;
}

interface Control {
  readonly who: string;
  readonly text: string;
  readonly share: MeanEstimate;
}

const CONTROL_COLUMNS: readonly Column<Control>[] = [
  { name: 'Who', value: ({ who }) => who },
  { name: 'Text', value: ({ text }) => text },
  { name: 'Right, %', kind: 'number', value: ({ share }) => shareText(share) },
  { name: 'Questions', kind: 'number', value: ({ share }) => whole(share.n) },
];

function controlsOf({ floor, ceiling, others }: Knowledge): Control[] {
  return [
    ...(floor === null ? [] : [{ who: 'base', text: 'none', share: floor }]),
    ...[...ceiling].map(([level, share]) => ({ who: 'base', text: `${shortLevel(level)}, in the prompt`, share })),
    ...[...others].map(([form, { level, rank, recall }]) => ({
      who: `adapter of other documents, rank ${rank}`,
      text: `${shortLevel(level)} as ${form}, of other documents`,
      share: recall,
    })),
  ];
}

function contrastTable(contrasts: readonly Contrast[], knowledge: Knowledge, title: string): Html {
  if (contrasts.length === 0) return NOTHING;
  const columns: Column<Contrast>[] = [
    ...placeColumns<Contrast>(knowledge, ({ cell }) => cell),
    { name: 'Compared with', value: ({ kind }) => kind.replace('against ', '') },
    { name: 'Questions', value: ({ group }) => (group === 'all' ? 'all trained' : group) },
    { name: 'Difference', kind: 'number', value: differenceCell },
    { name: 'Detectable', value: ({ detectable }) => (detectable ? 'yes' : 'no') },
    { name: 'n', kind: 'number', value: ({ questions }) => whole(questions) },
    { name: 'On items', kind: 'number', value: ({ items }) => whole(items) },
  ];
  return html`<h3>${title}</h3>
    <p class="note">
      Points of right answers more than what it is compared with: an adapter of other documents trained in the same
      form, or raw text at the same level, rank and exposures. Intervals hold at 95&nbsp;% for all lines together.
    </p>
    ${table(columns, contrasts, { noun: 'comparison' })}`;
}
