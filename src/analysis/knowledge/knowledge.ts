/** Knowledge in weights: what adapters that were trained on texts answer without them, over floor, ceiling and adapters of other documents. */
import { distinct, groupBy } from '../../core/collections.js';
import type { Level } from '../../core/levels.js';
import type { Row, TextControl } from '../../core/records.js';
import type { MeanEstimate } from '../../core/statistics.js';
import { levelOrder } from '../group.js';
import type { RunSummary } from '../run-summary.js';
import { knowledgeCell, questionKey, shareRight, type KnowledgeCell } from './knowledge-cell.js';

export type { KnowledgeCell };

/** A data set's text book. */
export interface Knowledge {
  readonly dataset: string;
  /** In the order of levels, forms, items, exposures and ranks. */
  readonly cells: readonly KnowledgeCell[];
  /** The original, then by tokens saved as measured. */
  readonly levels: readonly Level[];
  /** Raw text first, then in the study's order. */
  readonly forms: readonly string[];
  /** Share of the questions about trained items that the base answers without any text: these are left out of all that follows. */
  readonly floor: MeanEstimate | null;
  /** Share of the others that the base answers when it reads the text, by level. */
  readonly ceiling: ReadonlyMap<Level | 'none', MeanEstimate>;
  /** Adapters of other documents asked the same questions, by form. */
  readonly others: ReadonlyMap<string, OtherDocuments>;
  /** Questions asked about trained items, and how many of them the base answers without any text. */
  readonly asked: number;
  readonly known: number;
}

/** An adapter of other documents: what the form of the questions alone gives. */
export interface OtherDocuments {
  readonly level: Level | 'none';
  readonly rank: number;
  readonly recall: MeanEstimate;
  readonly rows: readonly Row[];
}

/** What every data set with a text book came to. */
export function knowledgeOf(rows: readonly Row[], runs: readonly RunSummary[]): Knowledge[] {
  const text = rows.filter(({ book, status, abstention }) => book === 'text' && status === 'scored' && !abstention);
  return [...groupBy(text, ({ dataset }) => dataset)].flatMap(([dataset, own]) => {
    const knowledge = datasetKnowledge(dataset, own, runs);
    return knowledge.cells.length === 0 ? [] : [knowledge];
  });
}

function datasetKnowledge(dataset: string, rows: readonly Row[], runs: readonly RunSummary[]): Knowledge {
  const of = (control: TextControl | null): Row[] => rows.filter((row) => row.control === control);
  const floor = of('without text');
  const known = new Set(floor.filter(({ correct }) => correct === true).map(questionKey));
  const isNew = (row: Row): boolean => !known.has(questionKey(row));
  const adapters = of(null);
  const trained = new Set(adapters.filter(({ group }) => group !== 'unseen').map(questionKey));
  const ofTrained = floor.filter((row) => trained.has(questionKey(row)));
  const ceilings = groupBy(of('with text').filter(isNew), ({ level }) => level);
  const others = groupBy(of('other documents').filter(isNew), ({ form }) => form ?? '');
  const levels = levelOrder([...groupBy(adapters, ({ level }) => level)]);
  const forms = formsOf(adapters);
  return {
    ...{ dataset, levels, forms },
    cells: cellsOf(adapters, known, runs).sort(inOrder(levels, forms)),
    floor: ofTrained.length === 0 ? null : shareRight(ofTrained),
    ceiling: new Map([...ceilings].map(([level, own]) => [level, shareRight(own)])),
    others: new Map([...others].map(([form, own]) => [form, otherDocuments(own)])),
    asked: trained.size,
    known: [...trained].filter((key) => known.has(key)).length,
  };
}

function cellsOf(rows: readonly Row[], known: ReadonlySet<string>, runs: readonly RunSummary[]): KnowledgeCell[] {
  const adapters = groupBy(rows, ({ level, form, rank, exposures, items }) =>
    JSON.stringify([level, form, rank, exposures, items]),
  );
  return [...adapters.values()]
    .map((own) => knowledgeCell(own, known, runs))
    .filter(({ rows, trained }) => rows.length > 0 && trained.n > 0);
}

function otherDocuments(rows: readonly Row[]): OtherDocuments {
  const { level, rank } = rows[0] ?? { level: 'none' as const, rank: 0 };
  return { level, rank, recall: shareRight(rows), rows };
}

function formsOf(rows: readonly Row[]): string[] {
  const forms = distinct(rows.map(({ form }) => form ?? ''));
  return [...forms.filter((form) => form === 'raw'), ...forms.filter((form) => form !== 'raw')];
}

function inOrder(levels: readonly Level[], forms: readonly string[]) {
  return (a: KnowledgeCell, b: KnowledgeCell): number =>
    levels.indexOf(a.level) - levels.indexOf(b.level) ||
    forms.indexOf(a.form) - forms.indexOf(b.form) ||
    a.items - b.items ||
    a.exposures - b.exposures ||
    a.rank - b.rank;
}
