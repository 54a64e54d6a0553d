/** The texts of a data set by item id, at all levels it has: what the method `recorded` takes from a file. */
import type { LevelTexts } from '../core/records.js';
import { loadAll } from './load.js';

/** Reads them. Throws UserErrors with every problem of the file. */
export async function recordedTexts(file: string): Promise<ReadonlyMap<string, LevelTexts>> {
  const { items } = await loadAll(file);
  return new Map(items.map(({ id, texts }) => [id, texts]));
}
