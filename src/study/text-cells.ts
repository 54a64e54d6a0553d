/** The cells of a part that trains on texts: an adapter for every level, form, rank and seed, and the controls beside them. */
import type { Level } from '../core/levels.js';
import type { Item, TextControl } from '../core/records.js';
import type { StudyDataset } from './datasets.js';
import type { FormSet, FormSetRequest, FormSets, TextPart } from './form-sets.js';

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
  for (const request of adapterSets(part, dataset)) cells.push(...(await adapters(request, sets)));
  for (const request of otherSets(part, dataset)) cells.push(...(await ofOthers(request, sets)));
  return cells;
}

/** All sets of samples that the part's adapters are trained on. */
export function setsOf(part: TextPart, dataset: StudyDataset): FormSetRequest[] {
  return [...adapterSets(part, dataset), ...otherSets(part, dataset)];
}

/** The base asked without any text, and with each level's text in its prompt: the floor and the ceiling. */
export function textBaseCells(part: TextPart, dataset: StudyDataset): TextCell[] {
  const most = mostTrained(part, dataset);
  const base = { rank: 0, seed: 0, trained: [], set: null };
  return [
    { ...base, control: 'without text', level: 'none', asked: [...most, ...dataset.testItems] },
    ...part.levels.map((level) => ({ ...base, control: 'with text' as const, level, asked: most })),
  ];
}

function amountsOf(part: TextPart, { trainItems }: StudyDataset): readonly number[] {
  return part.amounts ?? [trainItems.length];
}

function mostTrained(part: TextPart, dataset: StudyDataset): readonly Item[] {
  return dataset.trainItems.slice(0, Math.max(...amountsOf(part, dataset)));
}

function adapterSets(part: TextPart, dataset: StudyDataset): FormSetRequest[] {
  return amountsOf(part, dataset).flatMap((amount) => {
    const trained = dataset.trainItems.slice(0, amount);
    return part.levels.flatMap((level) =>
      part.forms.map((mix) => ({ part, dataset, mix, level, trained, isOfOthers: false })),
    );
  });
}

/** One set for each form, of the items kept from training, at the first level. */
function otherSets(part: TextPart, dataset: StudyDataset): FormSetRequest[] {
  const [level] = part.levels;
  const trained = dataset.testItems;
  if (!part.controls || level === undefined || part.ranks === undefined || trained.length === 0) return [];
  return part.forms.map((mix) => ({ part, dataset, mix, level, trained, isOfOthers: true }));
}

async function adapters(request: FormSetRequest, sets: FormSets): Promise<TextCell[]> {
  const { part, dataset, level, trained } = request;
  const set = await sets.get(request);
  const asked = [...trained, ...dataset.testItems];
  return (part.ranks ?? []).flatMap((rank) =>
    part.seeds.map((seed) => ({ control: null, level, rank, seed, trained, asked, set })),
  );
}

/** At the largest rank, asked about what it never saw. */
async function ofOthers(request: FormSetRequest, sets: FormSets): Promise<TextCell[]> {
  const { part, dataset, level, trained } = request;
  const set = await sets.get(request);
  const [rank, seed] = [Math.max(...(part.ranks ?? [])), part.seeds[0] ?? 0];
  return [{ control: 'other documents', level, rank, seed, trained, asked: mostTrained(part, dataset), set }];
}
