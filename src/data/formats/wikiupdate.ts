/** WikiUpdate in its processed form: the article, its triplets, and the texts recorded at each level. */
import type { Level } from '../../core/levels.js';
import { isFamiliarLevel } from '../../core/levels.js';
import { check, idText } from '../schema.js';
import { noteIgnored, readTexts, type RecordFormat } from './format.js';
import { readTriplets } from './triplets.js';

/** Field names of the processed form → levels. */
const LEVEL_FIELDS: ReadonlyMap<string, Level> = new Map([
  ['original_text', 'original'],
  ['summ_l1_slight', 'summ_l1'],
  ['summ_l2_light', 'summ_l2'],
  ['summ_l3_medium', 'summ_l3'],
  ['summ_l4_heavy', 'summ_l4'],
  ['summ_l5_extreme', 'summ_l5'],
]);

export const wikiupdate: RecordFormat = {
  name: 'wikiupdate',
  dataset: 'wikiupdate',
  matches: (record) => 'original_text' in record || 'ground_truth_triplets' in record,
  read(record, context) {
    const before = context.log.countOf('item');
    const id = check(idText, record['original_id'], context, { scope: 'item', path: ['original_id'] });
    const fields = levelFields(record);
    const texts = readTexts(record, fields, 'wikiupdate', context);
    const questions = readTriplets(record['ground_truth_triplets'], ['ground_truth_triplets'], context);
    const names = fields.map(([, name]) => name);
    noteIgnored(record, new Set(['original_id', 'ground_truth_triplets', ...names]), context);
    if (id === undefined || !texts || context.log.countOf('item') > before) return undefined;
    return { id, dataset: context.dataset, texts, questions };
  },
};

function levelFields(record: Readonly<Record<string, unknown>>): (readonly [Level, string])[] {
  const names = ['original_text', ...Object.keys(record).filter((name) => name !== 'original_text')];
  return names.flatMap((name) => {
    const level = LEVEL_FIELDS.get(name) ?? (isFamiliarLevel(name) && name !== 'original' ? name : undefined);
    return level === undefined ? [] : [[level, name] as const];
  });
}
