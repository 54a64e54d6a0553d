/** The answers of all runs gathered by question, as the page's browser reads them: small, limited, and safe to show. */
import { distinct, groupBy } from '../core/collections.js';
import { TEXT_GROUPS, type Row } from '../core/records.js';
import { counted } from '../analysis/wording.js';
import { browseWords } from '../words/browse.js';
import { numberWords } from '../words/numbers.js';
import { clipped, visibleText } from '../text/visible.js';
import { shownKey, type ReportFiles, type ShownPrompts } from './data.js';
import { fileAddress } from './html.js';
import { placeName, placeWithoutRank, trainedAs } from './names.js';

/** Characters that questions, answers and reasons may take in all: beyond this, browsers turn slow. */
const MOST_CHARACTERS = 6_000_000;
const MOST_ANSWER_CHARACTERS = 1500;
const MOST_PROMPT_CHARACTERS = 1500;
const MOST_REASON_CHARACTERS = 400;
/** What an answer takes beside its texts: its numbers as JSON. */
const ANSWER_CHARACTERS = 24;

/** Everything the browser shows; arrays in place of names where there are thousands. */
export interface BrowsedAnswers {
  /** In the grid's order. */
  readonly runs: readonly BrowsedRun[];
  /** Distinct answers and reasons; questions name them by position. */
  readonly texts: readonly string[];
  readonly questions: readonly BrowsedQuestion[];
  /** Messages that questions are put in; null where they are not known. */
  readonly style: ShownPrompts['style'] | null;
  /** Texts shown with questions, by run place and item: `items` of a question index `shown`, whose entries are `[level, text]`. */
  readonly shown: readonly (readonly (readonly [level: string, text: string])[])[];
  /** Questions left out because the page would grow too large. */
  readonly omitted: number;
}

export interface BrowsedRun {
  readonly id: string;
  readonly name: string;
  readonly dataset: string;
  /** Level and number of items, without the rank: a line of a question's matrix. */
  readonly place: string;
  /** What was made of the texts that it was trained on, or what it is compared with; empty where no text was trained on. */
  readonly trainedAs: string;
  /** 0 is the base model. */
  readonly rank: number;
  /** Of the text that is shown with the question; `none` where none is. */
  readonly level: string;
  /** Address of its folder from the page; null where there is none. */
  readonly folder: string | null;
}

/** Run, answer, verdict (1 right, 0 wrong, −1 unscored), score or null, reason, and flags: 1 where the text was shortened, 2 where the answer ran to its limit, 4 × (1 + its place in TEXT_GROUPS) where texts were trained on. */
export type BrowsedAnswer = readonly [
  run: number,
  answer: number,
  verdict: number,
  score: number | null,
  reason: number,
  flags: number,
];

export interface BrowsedQuestion {
  readonly dataset: string;
  readonly item: string;
  readonly id: string;
  readonly type: string;
  readonly prompt: string;
  readonly reference: string;
  readonly abstention: boolean;
  /** Where its item's texts stand in `shown`; null where they are not known. */
  readonly shown: number | null;
  /** In the runs' order. */
  readonly answers: readonly BrowsedAnswer[];
}

export interface BrowseOptions {
  /** The runs in the order in which they are listed; default that of the rows. */
  readonly order?: readonly string[];
  readonly shown?: ShownPrompts;
  readonly files?: ReportFiles;
  /** Characters that questions and answers may take. */
  readonly most?: number;
  /** Questions that are kept, if so many fit. */
  readonly mostQuestions?: number;
}

/** Gathers one judge's rows by question; past the limit, questions whose verdict changes between runs go first. */
export function browsedAnswers(rows: readonly Row[], options: BrowseOptions = {}): BrowsedAnswers {
  const runs = browsedRuns(rows, options);
  const runAt = new Map(runs.map(({ id }, i) => [id, i]));
  const groups = [
    ...groupBy(rows, ({ dataset, item, question }) => JSON.stringify([dataset, item, question])).values(),
  ];
  const texts = new TextTable();
  const shown = new ShownTable(rows, options.shown);
  const questions: BrowsedQuestion[] = [];
  let left = options.most ?? MOST_CHARACTERS;
  for (const group of changedFirst(groups, options.mostQuestions === undefined ? left : 0)) {
    if (questions.length === options.mostQuestions) break;
    const before = texts.characters;
    const question = browsed(group, { runAt, texts, shown });
    left -= question.prompt.length + question.reference.length + ANSWER_CHARACTERS * group.length;
    left -= texts.characters - before;
    if (left < 0) break;
    questions.push(question);
  }
  return {
    ...{ runs: runs.map((run) => ({ ...run, id: clipped(run.id, 200) })), texts: texts.all, questions },
    style: visibleStyle(options.shown),
    shown: shown.all,
    omitted: groups.length - questions.length,
  };
}

function visibleStyle(shown: ShownPrompts | undefined): ShownPrompts['style'] | null {
  if (shown === undefined) return null;
  const visible = (text: string): string => visibleText(text, '\ufffd');
  const { system, open, closed } = shown.style;
  return { system: system === null ? null : visible(system), open: visible(open), closed: visible(closed) };
}

/** Distinct texts, each with its position. */
class TextTable {
  readonly #at = new Map<string, number>();
  characters = 0;

  place(text: string): number {
    const known = this.#at.get(text);
    if (known !== undefined) return known;
    this.characters += text.length;
    this.#at.set(text, this.#at.size);
    return this.#at.size - 1;
  }

  get all(): string[] {
    return [...this.#at.keys()];
  }
}

/** The texts of the items that are asked about. */
class ShownTable {
  readonly #levels: ReadonlyMap<string, readonly string[]>;
  readonly #at = new Map<string, number>();
  readonly all: (readonly (readonly [string, string])[])[] = [];

  constructor(
    rows: readonly Row[],
    readonly shown: ShownPrompts | undefined,
  ) {
    const open = rows.filter((row) => shownLevel(row) !== 'none');
    this.#levels = new Map(
      [...groupBy(open, ({ dataset }) => dataset)].map(([name, own]) => [
        name,
        distinct(own.map(({ level }) => level)),
      ]),
    );
  }

  /** Where an item's texts stand; null where none is known. */
  place({ dataset, item }: Row): number | null {
    const key = shownKey(dataset, item, 'none');
    const known = this.#at.get(key);
    if (known !== undefined) return known;
    const texts = (this.#levels.get(dataset) ?? []).flatMap((level) => {
      const text = this.shown?.texts.get(shownKey(dataset, item, level));
      return text === undefined ? [] : [[level, visibleText(text, '\ufffd')] as const];
    });
    if (texts.length === 0) return null;
    this.#at.set(key, this.all.length);
    return this.all.push(texts) - 1;
  }
}

/** The runs, without the amount and the seed in their names where all runs of the data set and book share them. */
function browsedRuns(rows: readonly Row[], { order = [], files }: BrowseOptions): BrowsedRun[] {
  const firstOf = new Map<string, Row>();
  for (const row of rows) if (!firstOf.has(row.run)) firstOf.set(row.run, row);
  const ids = distinct([...order.filter((id) => firstOf.has(id)), ...firstOf.keys()]);
  const first = ids.map((id) => firstOf.get(id) as Row);
  const arms = groupBy(
    first.filter(({ rank, control }) => rank > 0 && control === null),
    ({ dataset, book }) => JSON.stringify([dataset, book]),
  );
  return first.map((row) => {
    const arm = arms.get(JSON.stringify([row.dataset, row.book])) ?? [];
    const amount = distinct(arm.map(({ items }) => items)).length > 1;
    const seeds = row.rank > 0 && distinct(arm.map(({ seed }) => seed)).length > 1;
    const exposures = row.exposures !== null && distinct(arm.map((each) => each.exposures)).length > 1;
    const seen = exposures ? browseWords().exposures(counted(row.exposures ?? 0, 'exposure')) : '';
    const seed = seeds ? browseWords().exposures(numberWords().seed(row.seed)) : '';
    const folder = files?.runs.get(row.run)?.folder;
    return {
      id: row.run,
      name: clipped(`${placeName(row, { amount })}${seen}${seed}`, 80),
      dataset: clipped(row.dataset, 80),
      place: clipped(`${placeWithoutRank(row, { amount })}${seen}`, 80),
      trainedAs: row.book === 'text' ? clipped(trainedAs(row), 80) : '',
      rank: row.rank,
      level: shownLevel(row),
      folder: folder === undefined ? null : fileAddress(`${folder}/`),
    };
  });
}

/** The level whose text stood in the prompt. */
function shownLevel({ book, control, level }: Row): Row['level'] {
  return book === 'open' || control === 'with text' ? level : 'none';
}

/** 0 where no text was trained on. */
function groupNumber({ group }: Row): number {
  return group === null ? 0 : 1 + TEXT_GROUPS.indexOf(group);
}

interface Tables {
  readonly runAt: ReadonlyMap<string, number>;
  readonly texts: TextTable;
  readonly shown: ShownTable;
}

function browsed(group: readonly Row[], { runAt, texts, shown }: Tables): BrowsedQuestion {
  const first = group[0] as Row;
  const { dataset, item, question, type, prompt, reference, abstention } = first;
  const answers = group.map((row): BrowsedAnswer => [
    runAt.get(row.run) ?? 0,
    texts.place(clipped(row.answer, MOST_ANSWER_CHARACTERS)),
    row.status === 'unscored' ? -1 : Number(row.correct),
    row.score,
    texts.place(clipped(row.reason, MOST_REASON_CHARACTERS)),
    Number(row.contextTruncated) + 2 * Number(row.finish === 'length') + 4 * groupNumber(row),
  ]);
  return {
    dataset: clipped(dataset, 80),
    item: clipped(item, 120),
    id: clipped(question, 120),
    type: clipped(type, 80),
    prompt: clipped(prompt, MOST_PROMPT_CHARACTERS),
    reference: clipped(reference, MOST_PROMPT_CHARACTERS),
    abstention,
    shown: shown.place(first),
    answers: answers.sort(([a], [b]) => a - b),
  };
}

/** In order of first appearance where all surely fit; else the questions whose score changes first, then the others. */
function changedFirst(groups: readonly Row[][], most: number): Row[][] {
  const atMost = MOST_ANSWER_CHARACTERS + MOST_REASON_CHARACTERS + ANSWER_CHARACTERS;
  if (groups.reduce((sum, group) => sum + 2 * MOST_PROMPT_CHARACTERS + atMost * group.length, 0) <= most)
    return [...groups];
  const changes = (group: readonly Row[]): boolean => distinct(group.map(({ score }) => score)).length > 1;
  return [...groups.filter(changes), ...groups.filter((group) => !changes(group))];
}
