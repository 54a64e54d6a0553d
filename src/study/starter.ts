/** A study file to begin with: made from what a data set holds and what the machine can do, with comments on what to change. */
import { stringify } from 'yaml';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';
import { CHARACTERS_PER_TOKEN } from './train-size.js';

export interface StarterOptions {
  /** The data, as it should be named in the file. */
  readonly file: string;
  /** The data set's name. */
  readonly name: string;
  /** As `--model` takes it. */
  readonly model: string;
  /** Seeds of each training. */
  readonly seeds: readonly number[];
  /** How often each fact is shown where texts are trained on. */
  readonly exposures: number;
  /** Whether nothing but the text book is carried out: what else there is stands in comments. */
  readonly textBookOnly: boolean;
}

/** Share of the items kept for asking, and how many at most: more narrow the intervals little. */
const ASKED_SHARE = 0.35;
const MOST_ASKED = 100;
/** Fewer items are asked about what was trained. */
const FEWEST_TO_SPLIT = 6;
const MOST_LEVELS = 4;

/** Levels shown where a data set brings only its originals: made by rules, at once. */
const MADE = ['select=0.6', 'select=0.3'];

/** The file's text, which the schema accepts. */
export function starterStudy(items: readonly Item[], options: StarterOptions): string {
  const own = presentLevels(items);
  const levels = own.length > 1 ? own.slice(0, MOST_LEVELS) : ['original', ...MADE];
  const splits = items.length >= FEWEST_TO_SPLIT;
  const asked = splits ? Math.min(MOST_ASKED, Math.round(ASKED_SHARE * items.length)) : 0;
  return [
    '# yaml-language-server: $schema=./study.schema.json   (lightmem study schema > study.schema.json)',
    '# Every key: docs/study-file.md',
    line({ name: options.name }),
    ...(options.model === 'bundled'
      ? [
          '# Reads, but knows its own synthetic world only: name a model of yours, a folder, a GGUF file or a name on the hub.',
        ]
      : []),
    line({ model: options.model }),
    'datasets:',
    `  ${line({ [options.name]: { file: options.file, ...(splits && { testItems: asked }) } })}`,
    ...(own.length > 1 ? [] : textsLines()),
    'grid:',
    ...textBookLines(items, levels, asked, options),
    ...otherLines(options.textBookOnly, [
      '# Open book: the text stands in the prompt. How much of it can go before answers suffer?',
      ...gridLines({
        dataset: options.name,
        book: 'open',
        levels,
        ranks: [4, 16],
        seeds: [...options.seeds],
        ...(!splits && { evaluateOn: 'trained' }),
      }),
      '# Closed book: the questions are trained and asked again without text, in another wording where there is one.',
      ...gridLines({ dataset: options.name, book: 'closed', ranks: [4, 16], seeds: [...options.seeds] }),
    ]),
    '# Epochs and batches are sized to the data; train: { epochs: …, batchTokens: …, learningRate: … } says otherwise.',
    '# A judge that asks a model: evaluate: { judges: [{ name: llm, model: qwen-plus, endpoint: https://… }] }',
    '',
  ].join('\n');
}

/** Fewer items are all taught: halves would be asked too little. */
const FEWEST_TO_HALVE = 12;
/** Steps that a training on texts should take at least, and the tokens of a batch. */
const WANTED_STEPS = 100;
const BATCHES = [512, 256, 128] as const;

/** The part that trains on texts: forms that teach little and much, at the original and the most compressed level. */
function textBookLines(
  items: readonly Item[],
  levels: readonly Level[],
  asked: number,
  { name, model, seeds, exposures }: StarterOptions,
): string[] {
  const halves = items.length >= FEWEST_TO_HALVE;
  const part = {
    ...{ dataset: name, book: 'text', levels: [levels[0], levels.at(-1)], ranks: [16], seeds: [...seeds] },
    ...{ forms: ['raw', 'study', 'mix'], exposures, ...(halves && { taught: 0.5 }) },
    train: {
      learningRate: model === 'bundled' ? 1e-2 : 1e-3,
      schedule: 'linear',
      batchTokens: textBatchTokens(items.slice(asked), exposures),
    },
  };
  return [
    '  # Text book: the texts are trained and nothing is shown. What does the model know, in which form, at what cost to itself?',
    '  # raw is the text alone, study questions made of it, mix both with rewrites and replay; distil has the reading base teach.',
    ...(halves
      ? ['  # Of half of the items no question is trained: what is asked of them shows what text alone teaches.']
      : []),
    ...(asked > 0
      ? ['  # Adapters of the items kept for asking show what the form of the questions alone gives.']
      : []),
    '  # exposures is how often each fact is seen: more teach more and take longer. by: model has the model of compress write.',
    ...gridLines(part).map(indented),
  ];
}

/** Further parts, as comments where they are not carried out. */
function otherLines(isLeftOut: boolean, lines: readonly string[]): string[] {
  if (!isLeftOut) return lines.map(indented);
  return [
    '  # What the time does not allow; take the sign away from the lines that begin with "-".',
    ...lines.map((each) => `  # ${each.replace(/^# /, '')}`),
  ];
}

const indented = (text: string): string => `  ${text}`;

/** Tokens of a batch where texts are trained on: fewer where there is little to train on. */
export function textBatchTokens(items: readonly Item[], exposures: number): number {
  const characters = items.reduce((sum, { texts }) => sum + (texts.original?.text.length ?? 0), 0);
  const tokens = (exposures * characters) / CHARACTERS_PER_TOKEN;
  return BATCHES.find((batch) => tokens / batch >= WANTED_STEPS) ?? Math.min(...BATCHES);
}

/** Levels that every item has a text at, the original first. */
function presentLevels(items: readonly Item[]): Level[] {
  const [first, ...others] = items;
  const all = Object.keys(first?.texts ?? {}).filter((level) =>
    others.every(({ texts }) => texts[level] !== undefined),
  );
  return ['original', ...all.filter((level) => level !== 'original')].filter((level) => all.includes(level));
}

function textsLines(): string[] {
  return [
    '# Texts to make before anything is trained: by rules here. With a model: summ_l2: {}, and',
    '# compress: { model: NAME, endpoint: URL, maxTokens: 2000000 }   or   compress: { local: PATH }',
    line({ texts: Object.fromEntries(MADE.map((level) => [level, {}])) }),
  ];
}

/** One line of YAML in flow style. */
function line(value: Readonly<Record<string, unknown>>): string {
  const [[key = '', inner] = []] = Object.entries(value);
  const text = stringify(inner, { collectionStyle: 'flow', lineWidth: 0 }).trim();
  return `${stringify(key).trim()}: ${text}`;
}

function gridLines(part: Readonly<Record<string, unknown>>): string[] {
  return [`- ${stringify(part, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`];
}
