/** Items as lightmem itself writes them: one record per item, with texts by level and questions. */
import { z } from 'zod';
import { isObject, type JsonObject } from '../../core/json.js';
import { isLevel, LEVEL_RULE, levelName } from '../../core/levels.js';
import type { Item, LevelText } from '../../core/records.js';
import { check, idText, noteOddities, soundText } from '../schema.js';
import { plainNumbers, SourceNumber } from '../../files/source-number.js';
import { noteIgnored, type ReadContext, type RecordFormat } from './format.js';
import { readQuestions } from './questions.js';

const levelText = z.union([
  soundText.transform((text) => ({ text, method: 'recorded', provenance: {} })),
  z.object({
    text: soundText,
    method: soundText.default('recorded'),
    provenance: z.preprocess((value) => plainNumbers(value ?? {}), z.record(z.string(), z.json())),
  }),
]);

const LEVEL_TEXT_FIELDS = Object.keys(levelText.options[1].shape);

const optionalText = soundText.optional();

export const items: RecordFormat = {
  name: 'items',
  matches: (record) => isObject(record['texts']),
  read(record, context): Item | undefined {
    const before = context.log.countOf('item');
    const id = check(idText, record['id'], context, { scope: 'item', path: ['id'] });
    const dataset =
      check(optionalText, record['dataset'], context, { scope: 'item', path: ['dataset'] }) ?? context.dataset;
    const texts = readLevelTexts(record['texts'], context);
    const questions = readQuestions(record['questions'] ?? [], ['questions'], context);
    noteIgnored(record, new Set(['id', 'dataset', 'texts', 'questions']), context);
    if (id === undefined || context.log.countOf('item') > before) return undefined;
    return { id, dataset, texts, questions };
  },
};

function readLevelTexts(value: unknown, context: ReadContext): Item['texts'] {
  const texts: Record<string, LevelText> = {};
  for (const [key, entry] of Object.entries(isObject(value) ? value : {})) {
    const path = ['texts', key];
    const name = levelName(key);
    if (!isLevel(name) || Object.hasOwn(texts, name)) {
      const [what, fix] = isLevel(name)
        ? [`is a second text at level ${name}`, 'keep one']
        : ['names no level', LEVEL_RULE];
      context.log.add({ ...context.place, field: path.join('.'), what, fix, scope: 'item' });
      continue;
    }
    const schema = isObject(entry) && !(entry instanceof SourceNumber) ? levelText.options[1] : levelText.options[0];
    const read = check<{ text: string; method: string; provenance: JsonObject }>(schema, entry, context, {
      scope: 'item',
      path,
    });
    if (isObject(entry)) noteIgnored(entry, new Set(LEVEL_TEXT_FIELDS), context, path);
    if (!read) continue;
    noteOddities(read.text, path.join('.'), context);
    texts[name] = read;
  }
  return texts;
}
