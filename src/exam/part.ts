/** Documents in parts that an exam is written about: cut at headings, else between blocks, each part under the headings it had. */
import { distinct } from '../core/collections.js';
import type { Item } from '../core/records.js';
import { markdownUnits, joinedUnits, type Unit } from '../text/markdown.js';
import { sentencesOf } from '../text/sentences.js';

/** A part of a document. */
export interface Part {
  /** The document's id, with `/2`, `/3` … from the second part on. */
  readonly id: string;
  readonly item: Item;
  /** What the part is about: the headings it stands under, else what the document says of itself; empty where nothing does. */
  readonly topic: string;
  readonly text: string;
  /** What a question can rest on: sentences, rows, items. */
  readonly units: readonly Unit[];
}

/** The parts of an item's original text, each of at most `most` tokens where its blocks allow it; none without a text. */
export function partsOfItem(item: Item, most: number, count: (text: string) => number): Part[] {
  const text = item.texts.original?.text ?? '';
  if (text.trim() === '') return [];
  const units = markdownUnits(text) ?? plainUnits(text);
  const runs = runsOf(units, most, count);
  const title = /^---[\s\S]*?\ntitle:\s*["']?([^\n"']+)/.exec(text)?.[1]?.trim() ?? titleOf(item);
  return runs.map((run, index) => {
    const kept = new Set(run.flatMap((at) => [at, ...(units[at]?.needs ?? [])]));
    return {
      id: index === 0 ? item.id : `${item.id}/${index + 1}`,
      item,
      topic: topicOf(units, run) ?? title,
      text: runs.length === 1 ? text : joinedUnits(units, kept),
      units: run.flatMap((at) => units[at] ?? []),
    };
  });
}

/** Sentences, in paragraphs as blank lines part them. */
function plainUnits(text: string): Unit[] {
  return text.split(/\n[ \t]*\n/).flatMap((paragraph, block) =>
    sentencesOf(paragraph).flatMap((sentence) => {
      const whole = sentence.trim();
      if (whole === '') return [];
      return {
        text: whole,
        needs: [],
        stands: /[\p{L}\p{N}]/u.test(whole),
        block,
        link: sentence.slice(sentence.trimEnd().length),
      };
    }),
  );
}

/** Runs of whole blocks; a heading begins a new one once the run is half full. */
function runsOf(units: readonly Unit[], most: number, count: (text: string) => number): number[][] {
  const runs: number[][] = [[]];
  let tokens = 0;
  units.forEach((unit, index) => {
    const cost = count(unit.text);
    const isNewBlock = units[index - 1]?.block !== unit.block;
    const isFull = tokens + cost > most || (isHeading(unit) && tokens > most / 2);
    if (isNewBlock && isFull && tokens > 0) {
      runs.push([]);
      tokens = 0;
    }
    runs.at(-1)?.push(index);
    tokens += cost;
  });
  return runs.filter((run) => run.some((index) => units[index]?.stands));
}

const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/;

function isHeading({ text, stands }: Unit): boolean {
  return !stands && (HEADING.test(text) || /\n {0,3}(=+|-+)$/.test(text));
}

/** The outermost heading above the first unit that stands under one. */
function topicOf(units: readonly Unit[], run: readonly number[]): string | undefined {
  const headings = (index: number): string[] =>
    (units[index]?.needs ?? []).flatMap((at) => {
      const above = units[at];
      return above !== undefined && isHeading(above) ? headingText(above.text) : [];
    });
  const above = run.map(headings).find((texts) => texts.length > 0);
  return above?.[0];
}

function headingText(text: string): string {
  const [line = ''] = text.split('\n');
  return (HEADING.exec(line)?.[1] ?? line).replace(/[*_`]/g, '').trim();
}

/** The one subject that all questions name, or the id where it reads as a name. */
function titleOf({ id, questions }: Item): string {
  const [subject, ...others] = distinct(questions.map((question) => question.subject));
  if (subject !== undefined && others.length === 0) return subject;
  const name = (id.split('/').at(-1) ?? '').replace(/[-_]+/g, ' ').trim();
  return /\p{L}{3}/u.test(name) && !/[0-9a-f]{8}/.test(name) ? name : '';
}
