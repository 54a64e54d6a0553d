/** What a study's runs put to the model beside the questions: the messages' form, and the texts of the items asked about. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { distinct, groupBy } from '../core/collections.js';
import type { Level } from '../core/levels.js';
import { itemRecord } from '../core/record-schemas.js';
import { fileChunks } from '../files/file-range.js';
import { parsedLines } from '../files/json-lines.js';
import { shownKey, type ShownPrompts } from '../report/data.js';
import { shownText } from '../report/shown-text.js';
import { showsText } from './identity.js';
import type { StoredRun } from './run-store.js';

/** Null for a study without runs; texts that are not there to be read are left out. */
export function shownPrompts(runs: readonly StoredRun[]): ShownPrompts | null {
  const [first] = runs;
  if (first === undefined) return null;
  const { answering } = first.spec.identity;
  const { system, open, closed } = answering.kind === 'local' ? answering.prompt.style : answering.style;
  const sources = sourcesOf(runs);
  const count = sources.reduce((sum, { asked, levels }) => sum + asked.size * levels.length, 0);
  const texts = new Map(sources.flatMap((source) => textsOf(source, count)));
  return { style: { system, open, closed }, texts };
}

/** A file of items, and what runs show of it. */
interface TextSource {
  readonly path: string;
  readonly dataset: string;
  readonly asked: ReadonlySet<string>;
  readonly levels: readonly Level[];
}

function sourcesOf(runs: readonly StoredRun[]): TextSource[] {
  const withTexts = runs.filter(({ spec: { identity } }) => showsText(identity));
  const files = groupBy(withTexts, ({ folder, spec }) => join(folder, spec.place.data));
  return [...files].map(([path, own]) => ({
    path,
    dataset: own[0]?.spec.identity.dataset ?? '',
    asked: new Set(own.flatMap(({ spec }) => spec.place.asked)),
    levels: distinct(own.map(({ spec }) => spec.identity.level)),
  }));
}

function textsOf({ path, dataset, asked, levels }: TextSource, count: number): [string, string][] {
  if (!existsSync(path)) return [];
  const texts: [string, string][] = [];
  for (const line of parsedLines(fileChunks(path), itemRecord)) {
    if ('problem' in line || !asked.has(line.value.id)) continue;
    for (const level of levels) {
      const text = line.value.texts[level]?.text;
      if (text !== undefined) texts.push([shownKey(dataset, line.value.id, level), shownText(text, count)]);
    }
  }
  return texts;
}
