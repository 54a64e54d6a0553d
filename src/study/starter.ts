/** A study file to begin with: made from what a data set holds and what the machine can do, with comments on what to change. */
import { stringify } from 'yaml';
import type { Level } from '../core/levels.js';
import type { Item } from '../core/records.js';

export interface StarterOptions {
  /** The data, as it should be named in the file. */
  readonly file: string;
  /** The data set's name. */
  readonly name: string;
  /** As `--model` takes it. */
  readonly model: string;
  /** Seeds of each training. */
  readonly seeds: readonly number[];
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
  const asked = Math.min(MOST_ASKED, Math.round(ASKED_SHARE * items.length));
  const splits = items.length >= FEWEST_TO_SPLIT;
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
    '  # Open book: the text stands in the prompt. How much of it can go before answers suffer?',
    ...gridLines({
      dataset: options.name,
      book: 'open',
      levels,
      ranks: [4, 16],
      seeds: [...options.seeds],
      ...(!splits && { evaluateOn: 'trained' }),
    }),
    '  # Closed book: the questions are trained and asked again without text, in another wording where there is one.',
    ...gridLines({ dataset: options.name, book: 'closed', ranks: [4, 16], seeds: [...options.seeds] }),
    '# Epochs and batches are sized to the data; train: { epochs: …, batchTokens: …, learningRate: … } says otherwise.',
    '# A judge that asks a model: evaluate: { judges: [{ name: llm, model: qwen-plus, endpoint: https://… }] }',
    '',
  ].join('\n');
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
  return [`  - ${stringify(part, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`];
}
