/** A text book in figures and tables: what each adapter recalls, what that is worth and costs, its controls and what it is compared with. */
import type { Analysis } from '../../analysis/analyse.js';
import { contrastsOf, type Contrast } from '../../analysis/knowledge/contrasts.js';
import type { Knowledge, KnowledgeCell } from '../../analysis/knowledge/knowledge.js';
import { bitsEach, signed } from '../../analysis/knowledge/words.js';
import { minus, percent, sentenceCase, shortLevel, whole } from '../../analysis/wording.js';
import type { MeanEstimate } from '../../core/statistics.js';
import { knowledgeWords } from '../../words/knowledge.js';
import { numberWords } from '../../words/numbers.js';
import { pageWords } from '../../words/page.js';
import { columnWords } from '../../words/tables.js';
import { html, NOTHING, type Html } from '../html.js';
import { figureHtml, type Figure } from './figure.js';
import { table, type Column } from './table.js';

/** `figures` are those of the text books, numbered from 1. */
export function knowledgeSection({ knowledge }: Pick<Analysis, 'knowledge'>, figures: readonly Figure[]): Html {
  if (knowledge.length === 0) return NOTHING;
  return html`<section id="knowledge">
    <h2>${pageWords().knowledge}</h2>
    <p class="note">${pageWords().knowledgeNote}</p>
    ${figures.length === 0 ? NOTHING : html`<div class="figures">${figures.map((figure, i) => figureHtml(figure, i + 1))}</div>`}
    ${knowledge.map((own) => datasetTables(own, knowledge.length > 1))}
  </section>`;
}

function datasetTables(knowledge: Knowledge, isNamed: boolean): Html {
  const words = pageWords();
  const title = (text: string): string => (isNamed ? numberWords().named(knowledge.dataset, text) : sentenceCase(text));
  const contrasts = contrastsOf(knowledge);
  return html`<h3>${title(words.recallTitle)}</h3>
    <p class="note">${words.recallNote}</p>
    ${table(recallColumns(knowledge), knowledge.cells, { noun: 'adapter' })}
    <h3>${title(words.costTitle)}</h3>
    <p class="note">${words.costNote}</p>
    ${table(costColumns(knowledge), knowledge.cells, { noun: 'adapter' })}
    <h3>${title(words.controlsTitle)}</h3>
    <p class="note">${words.controlsNote}</p>
    ${table(controlColumns(), controlsOf(knowledge))}
    ${contrastTable(contrasts, knowledge, title(words.contrastsTitle))}`;
}

type AdapterPlace = Pick<KnowledgeCell, 'level' | 'form' | 'rank' | 'exposures' | 'items'>;

function placeColumns<T>({ levels }: Knowledge, placeOf: (row: T) => AdapterPlace): Column<T>[] {
  const words = columnWords();
  return [
    {
      name: words.level,
      value: (row) => shortLevel(placeOf(row).level),
      order: (row) => levels.indexOf(placeOf(row).level),
    },
    { name: words.form, value: (row) => placeOf(row).form },
    { name: words.rank, kind: 'number', value: (row) => String(placeOf(row).rank) },
    { name: words.items, kind: 'number', folds: true, value: (row) => whole(placeOf(row).items) },
    {
      name: words.exposures,
      kind: 'number',
      folds: true,
      value: (row) => whole(placeOf(row).exposures),
      hint: words.exposuresHint,
    },
  ];
}

function recallColumns(knowledge: Knowledge): Column<KnowledgeCell>[] {
  const words = columnWords();
  return [
    ...placeColumns<KnowledgeCell>(knowledge, (cell) => cell),
    recallColumn(words.covered, ({ recall }) => recall.covered),
    recallColumn(words.uncovered, ({ recall }) => recall.uncovered),
    recallColumn(words.untaught, ({ recall }) => recall.untaught),
    recallColumn(words.unseen, ({ recall }) => recall.unseen),
    { ...recallColumn(words.allTrained, ({ trained }) => trained), hint: words.allTrainedHint },
    {
      name: words.kept,
      kind: 'number',
      value: ({ retention }) => percent(retention),
      hint: words.keptHint,
    },
    { name: words.learnt, kind: 'number', value: ({ learnt }) => percent(learnt), hint: words.learntHint },
    { name: words.seeds, kind: 'number', folds: true, value: ({ seeds }) => String(seeds.length) },
  ];
}

function recallColumn(name: string, value: (cell: KnowledgeCell) => MeanEstimate | null): Column<KnowledgeCell> {
  return { name, kind: 'number', value: (cell) => shareText(value(cell)) };
}

/** `17.6 (8.7 to 32.4)`. */
function shareText(estimate: MeanEstimate | null): string {
  if (estimate === null) return '–';
  const [mean, low, high] = [estimate.mean, estimate.low, estimate.high].map((share) => minus(100 * share, 1));
  if (Number.isNaN(estimate.low)) return `${mean}`;
  const { beside, interval } = numberWords();
  return beside(`${mean}`, interval(`${low}`, `${high}`));
}

function costColumns(knowledge: Knowledge): Column<KnowledgeCell>[] {
  const unknown = '–';
  const words = columnWords();
  return [
    ...placeColumns<KnowledgeCell>(knowledge, (cell) => cell),
    { name: words.tokensTrained, kind: 'number', value: ({ tokens }) => (tokens === null ? unknown : whole(tokens)) },
    { name: words.facts, kind: 'number', value: ({ facts }) => whole(facts) },
    { name: words.bits, kind: 'number', value: ({ bits }) => (bits === null ? unknown : whole(bits)) },
    { name: words.bitsEach, kind: 'number', value: ({ bitsPerParameter }) => bitsEach(bitsPerParameter) },
    {
      name: words.lossChange,
      kind: 'number',
      value: ({ cost }) => (cost === null ? unknown : riseCell(cost.generalRise)),
      order: ({ cost }) => cost?.generalRise.mean ?? NaN,
    },
    {
      name: words.divergence,
      kind: 'number',
      value: ({ cost }) => (cost === null ? unknown : minus(cost.divergence.mean, 2)),
      hint: words.divergenceHint,
    },
    {
      name: words.knownLost,
      kind: 'number',
      value: ({ known }) => (known.asked === 0 ? unknown : words.of(whole(known.lost), whole(known.asked))),
      hint: words.knownLostHint,
    },
    {
      name: words.read,
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
  const [middle = '', low = '', high = ''] = values.map((value) => signed(value, decimals));
  const { beside, interval } = numberWords();
  return Number.isNaN(values[1]) ? middle : beside(middle, interval(low, high));
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
  return columnWords().readText(whole(rightToWrong), whole(wrongToRight), whole(asked));
}

interface Control {
  readonly who: string;
  readonly text: string;
  readonly share: MeanEstimate;
}

function controlColumns(): readonly Column<Control>[] {
  const words = columnWords();
  return [
    { name: words.who, value: ({ who }) => who },
    { name: words.text, value: ({ text }) => text },
    { name: words.right, kind: 'number', value: ({ share }) => shareText(share) },
    { name: words.questions, kind: 'number', value: ({ share }) => whole(share.n) },
  ];
}

function controlsOf({ floor, ceiling, others }: Knowledge): Control[] {
  const words = columnWords();
  return [
    ...(floor === null ? [] : [{ who: words.base, text: words.none, share: floor }]),
    ...[...ceiling].map(([level, share]) => ({ who: words.base, text: words.inPrompt(shortLevel(level)), share })),
    ...[...others].map(([form, { level, rank, recall }]) => ({
      who: words.otherAdapter(rank),
      text: words.otherText(shortLevel(level), form),
      share: recall,
    })),
  ];
}

function contrastTable(contrasts: readonly Contrast[], knowledge: Knowledge, title: string): Html {
  if (contrasts.length === 0) return NOTHING;
  const words = columnWords();
  const columns: Column<Contrast>[] = [
    ...placeColumns<Contrast>(knowledge, ({ cell }) => cell),
    { name: words.comparedWith, value: ({ kind }) => knowledgeWords().comparedWith(kind) },
    { name: words.questions, value: ({ group }) => knowledgeWords().group(group) },
    { name: words.difference, kind: 'number', value: differenceCell },
    { name: words.detectable, value: ({ detectable }) => (detectable ? words.yes : words.no) },
    { name: 'n', kind: 'number', value: ({ questions }) => whole(questions) },
    { name: words.onItems, kind: 'number', value: ({ items }) => whole(items) },
  ];
  return html`<h3>${title}</h3>
    <p class="note">${pageWords().contrastsNote}</p>
    ${table(columns, contrasts, { noun: 'comparison' })}`;
}
