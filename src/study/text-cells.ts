/** The cells of a part that trains on texts: an adapter for every level, form, rank and seed, and the controls beside them. */
import type { Level } from '../core/levels.js';
import type { Item, TextControl } from '../core/records.js';
import type { StudyDataset } from './datasets.js';
import type { FormSet, FormSets, TextPart } from './form-sets.js';
import type { FormMix } from './text-book-config.js';

/** One cell: who is asked about which items, and what they were trained on. */
export interface TextCell {
  readonly control: TextControl | null;
  readonly level: Level | 'none';
  readonly rank: number;
  readonly seed: number;
  readonly trained: readonly Item[];
  readonly asked: readonly Item[];
  /** What is trained on; null for the base. */
  readonly set: FormSet | null;
}

/** The part's own cells: the adapters, then those of other documents. Throws what making forms throws. */
export async function textCells(part: TextPart, dataset: StudyDataset, sets: FormSets): Promise<TextCell[]> {
  const cells: TextCell[] = [];
  for (const amount of amountsOf(part, dataset))
    for (const level of part.levels)
      for (const mix of part.forms) cells.push(...(await adapters({ part, dataset, sets, amount, level, mix })));
  for (const mix of part.controls ? part.forms : []) cells.push(...(await ofOthers(part, dataset, sets, mix)));
  return cells;
}

/** The base asked without any text, and with each level's text in its prompt: the floor and the ceiling. */
export function textBaseCells(part: TextPart, dataset: StudyDataset): TextCell[] {
  const most = dataset.trainItems.slice(0, Math.max(...amountsOf(part, dataset)));
  const base = { rank: 0, seed: 0, trained: [], set: null };
  return [
    { ...base, control: 'without text', level: 'none', asked: [...most, ...dataset.testItems] },
    ...part.levels.map((level) => ({ ...base, control: 'with text' as const, level, asked: most })),
  ];
}

function amountsOf(part: TextPart, { trainItems }: StudyDataset): readonly number[] {
  return part.amounts ?? [trainItems.length];
}

interface Place {
  readonly part: TextPart;
  readonly dataset: StudyDataset;
  readonly sets: FormSets;
  readonly amount: number;
  readonly level: Level;
  readonly mix: FormMix;
}

async function adapters({ part, dataset, sets, amount, level, mix }: Place): Promise<TextCell[]> {
  const trained = dataset.trainItems.slice(0, amount);
  const set = await sets.get({ part, dataset, mix, level, trained, teachAll: false });
  const asked = [...trained, ...dataset.testItems];
  return (part.ranks ?? []).flatMap((rank) =>
    part.seeds.map((seed) => ({ control: null, level, rank, seed, trained, asked, set })),
  );
}

/** One adapter for each form, of the items kept from training, at the first level and the largest rank: asked about what it never saw. */
async function ofOthers(part: TextPart, dataset: StudyDataset, sets: FormSets, mix: FormMix): Promise<TextCell[]> {
  const [level] = part.levels;
  const trained = dataset.testItems;
  if (level === undefined || part.ranks === undefined || trained.length === 0) return [];
  const set = await sets.get({ part, dataset, mix, level, trained, teachAll: true });
  const asked = dataset.trainItems.slice(0, Math.max(...amountsOf(part, dataset)));
  const [rank, seed] = [Math.max(...part.ranks), part.seeds[0] ?? 0];
  return [{ control: 'other documents', level, rank, seed, trained, asked, set }];
}
