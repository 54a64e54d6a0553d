/** A study's data sets: loaded or made, put in order, and split into items to train on and items to ask about. */
import { UserError, UserErrors } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import { Random } from '../core/random.js';
import type { Item } from '../core/records.js';
import { loadAll, type LoadReport } from '../data/load.js';
import { generateWorld } from '../data/world/generate.js';
import type { DatasetConfig, StudyConfig } from './config.js';

export interface StudyDataset {
  readonly name: string;
  /** In the order in which amounts are taken. */
  readonly items: readonly Item[];
  /** Items that open-book runs may train on: all but the last `testItems`. */
  readonly trainItems: readonly Item[];
  readonly testItems: readonly Item[];
  /** What was read of a file; null for the world. */
  readonly report: LoadReport | null;
}

/** All data sets that the grid uses; throws UserErrors for files that cannot be used and splits that leave nothing. */
export async function loadDatasets(config: StudyConfig): Promise<ReadonlyMap<string, StudyDataset>> {
  const used = new Set(config.grid.map(({ dataset }) => dataset));
  const loaded = new Map<string, StudyDataset>();
  for (const [name, dataset] of Object.entries(config.datasets))
    if (used.has(name)) loaded.set(name, split(name, await read(name, dataset), dataset));
  return loaded;
}

async function read(name: string, config: DatasetConfig): Promise<{ items: Item[]; report: LoadReport | null }> {
  const { world, file, format, columns } = config;
  if (world !== undefined) {
    const items = generateWorld({ ...world, partition: 'study', items: config.items ?? 0 });
    return { items: items.map((item) => ({ ...item, dataset: name })), report: null };
  }
  if (file === undefined)
    throw new UserError(`data set "${name}" has no source: give --data PATH, or "file" or "world" in the study file`);
  const { items, report } = await loadAll(file, {
    dataset: name,
    ...(format !== undefined && { format }),
    ...(columns !== undefined && { columns: definedColumns(columns) }),
  });
  return { items: drawn(items, config.items, file), report };
}

/** The same items whatever the order of grids: by lot from a fixed seed, for files may be sorted by kind. */
function drawn(items: readonly Item[], count: number | undefined, file: string): Item[] {
  const asking = items.filter(({ questions }) => questions.length > 0);
  if (asking.length === 0) throw new UserError(`${file}: no item has a question: a study needs questions with answers`);
  if (count !== undefined && count > asking.length)
    throw new UserError(
      `${file} has ${asking.length} items with questions, the study asks for ${count}: lower "items"`,
    );
  return new Random(0, 'split').shuffle(asking).slice(0, count);
}

function definedColumns(columns: NonNullable<DatasetConfig['columns']>) {
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

function split(
  name: string,
  { items, report }: { items: readonly Item[]; report: LoadReport | null },
  { testItems: kept }: DatasetConfig,
): StudyDataset {
  if (kept >= items.length)
    throw new UserErrors(`data set "${name}" cannot be split:`, [
      `${kept} of its ${items.length} items are kept for asking, which leaves none to train on: lower "testItems"`,
    ]);
  const from = items.length - kept;
  return { name, items, trainItems: items.slice(0, from), testItems: items.slice(from), report };
}

/** SHA-256 of all that a run reads of items: the text at its level, and the questions. */
export function itemsIdentity(items: readonly Item[], level: keyof Item['texts'] | 'none'): string {
  return hashJson(
    items.map(({ id, texts, questions }) => ({
      id,
      text: level === 'none' ? null : (texts[level]?.text ?? null),
      questions,
    })),
  );
}
