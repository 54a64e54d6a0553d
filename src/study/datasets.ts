/** A study's data sets: loaded or made, put in order, and split into items to train on and items to ask about. */
import { UserError, UserErrors } from '../core/errors.js';
import { Random } from '../core/random.js';
import type { Item } from '../core/records.js';
import { loadAll, type LoadReport } from '../data/load.js';
import { generateWorld } from '../data/world/generate.js';
import type { DatasetConfig, StudyConfig } from './config.js';
import { toldInStudyWords } from './study-words.js';
import type { ItemsByName } from './texts.js';

export interface StudyDataset {
  readonly name: string;
  /** All of them, in the order in which amounts are taken. */
  readonly items: readonly Item[];
  /** Items that closed-book runs may train on: all, or those of `file` where others of their own are kept for asking. */
  readonly pool: readonly Item[];
  /** Items that open-book runs may train on: all but the last `testItems`. */
  readonly trainItems: readonly Item[];
  readonly testItems: readonly Item[];
  /** What was read of a file; null for the world. */
  readonly report: LoadReport | null;
}

/**
 * All data sets that the grid uses, with the texts that `complete` adds to their items before they are split. Throws
 * UserErrors for files that cannot be used and splits that leave nothing.
 */
export async function loadDatasets(
  config: StudyConfig,
  complete: (items: ItemsByName) => Promise<ItemsByName> = (items) => Promise.resolve(items),
): Promise<ReadonlyMap<string, StudyDataset>> {
  const used = new Set(config.grid.map(({ dataset }) => dataset));
  const sources = new Map<string, ReadItems & { readonly config: DatasetConfig }>();
  for (const [name, dataset] of Object.entries(config.datasets))
    if (used.has(name)) sources.set(name, { ...(await read(name, dataset)), config: dataset });
  const items = await complete(new Map([...sources].map(([name, { items, asked }]) => [name, [...items, ...asked]])));
  return new Map(
    [...sources].map(([name, source]) => [name, split(name, withItems(source, items.get(name) ?? []), source.config)]),
  );
}

/** What was read, its items as they are now; one that is missing was left out. */
function withItems({ asked, report }: ReadItems, items: readonly Item[]): ReadItems {
  const isAsked = new Set(asked.map(({ id }) => id));
  return {
    items: items.filter(({ id }) => !isAsked.has(id)),
    asked: items.filter(({ id }) => isAsked.has(id)),
    report,
  };
}

interface ReadItems {
  readonly items: readonly Item[];
  /** Items of the file for asking; empty where it has none of its own. */
  readonly asked: readonly Item[];
  readonly report: LoadReport | null;
}

async function read(name: string, config: DatasetConfig): Promise<ReadItems> {
  const { world, file, testFile } = config;
  if (world !== undefined) {
    const items = generateWorld({ ...world, partition: 'study', items: config.items ?? 0 });
    return { items: items.map((item) => ({ ...item, dataset: name })), asked: [], report: null };
  }
  if (file === undefined)
    throw new UserError(`data set "${name}" has no source: give --data PATH, or "file" or "world" in the study file`);
  const { items, report } = await loadFile(name, file, config);
  const asked = testFile === undefined ? [] : asking((await loadFile(name, testFile, config)).items, testFile);
  refuseShared(items, asked, testFile ?? '');
  return { items: drawn(asking(items, file), config.items, file), asked, report };
}

async function loadFile(name: string, file: string, { format, columns, encoding }: DatasetConfig) {
  return toldInStudyWords(() =>
    loadAll(file, {
      dataset: name,
      ...(format !== undefined && { format }),
      ...(encoding !== undefined && { encoding }),
      ...(columns !== undefined && { columns: definedColumns(columns) }),
    }),
  );
}

function refuseShared(items: readonly Item[], asked: readonly Item[], testFile: string): void {
  const known = new Set(items.map(({ id }) => id));
  const shared = asked.find(({ id }) => known.has(id));
  if (shared !== undefined)
    throw new UserError(
      `${testFile}: item "${shared.id}" is trained on as well: keep what is asked out of what is trained`,
    );
}

/** Items with questions; throws UserError where there is none. */
function asking(items: readonly Item[], file: string): Item[] {
  const found = items.filter(({ questions }) => questions.length > 0);
  if (found.length === 0) throw new UserError(`${file}: no item has a question: a study needs questions with answers`);
  return found;
}

/** The same items whatever the order of grids: by lot from a fixed seed, for files may be sorted by kind. */
function drawn(items: readonly Item[], count: number | undefined, file: string): Item[] {
  if (count !== undefined && count > items.length)
    throw new UserError(`${file} has ${items.length} items with questions, the study asks for ${count}: lower "items"`);
  return new Random(0, 'split').shuffle(items).slice(0, count);
}

function definedColumns(columns: NonNullable<DatasetConfig['columns']>) {
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

function split(name: string, { items, asked, report }: ReadItems, { testItems: kept }: DatasetConfig): StudyDataset {
  if (asked.length > 0)
    return { name, items: [...items, ...asked], pool: items, trainItems: items, testItems: asked, report };
  if (kept >= items.length)
    throw new UserErrors(`data set "${name}" cannot be split:`, [
      `${kept} of its ${items.length} items are kept for asking, which leaves none to train on: lower "testItems"`,
    ]);
  const from = items.length - kept;
  return { name, items, pool: items, trainItems: items.slice(0, from), testItems: items.slice(from), report };
}
