/** Numbers, counts, intervals, levels and books in words. */
import type { Book } from '../core/records.js';
import { zh } from './chinese.js';
import { catalogue } from './language.js';

/** What is counted, by its English name for one. */
const CHINESE_NOUNS = {
  adapter: '个适配器',
  answer: '条回答',
  comparison: '项比较',
  difference: '项差异',
  exposure: '次呈现',
  fact: '条事实',
  form: '种形式',
  item: '个条目',
  level: '个级别',
  line: '行',
  other: '个适配器',
  'other fact': '条其他事实',
  'other reason': '种其他原因',
  question: '个问题',
  row: '行',
  run: '次运行',
  seed: '个种子',
  step: '步',
  thread: '个线程',
  token: '个 token',
  training: '次训练',
} as const;

export type Noun = keyof typeof CHINESE_NOUNS;

/** What texts of the methods that come with lightmem are; what others say of theirs stays as it is. */
const CHINESE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  summary: '摘要',
  'structured JSON': '结构化 JSON',
  'chosen sentences': '挑选出的句子',
  'summary checked fact by fact': '逐条核对事实的摘要',
  'least surprising words left out': '删去最容易预测的词',
};

export const numberWords = catalogue({
  en: {
    counted: (digits: string, noun: Noun, isOne: boolean): string => `${digits} ${noun}${isOne ? '' : 's'}`,
    percent: (digits: string): string => `${digits}\u00a0%`,
    points: (digits: string): string => `${digits} points`,
    interval: (low: string, high: string): string => `${low} to ${high}`,
    /** What stands beside a value in brackets. */
    beside: (value: string, ...said: readonly string[]): string => `${value} (${said.join(', ')})`,
    unknown: 'unknown',
    noInterval: 'no interval: one item',
    tooFewItems: 'no interval: too few items',
    jointInterval: (low: string, high: string): string => `joint interval ${low} to ${high}`,
    /** Parts of one thing: a difference and its interval. */
    parts: (...parts: readonly string[]): string => parts.join(', '),
    listed: (names: readonly string[]): string =>
      names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`,
    clauses: (clauses: readonly string[]): string => clauses.join('; '),
    sentences: (sentences: readonly string[]): string => sentences.filter((each) => each !== '').join(' '),
    begun: (text: string): string => text.charAt(0).toUpperCase() + text.slice(1),
    named: (name: string, text: string): string => `${name}: ${text}`,
    level: (level: string): string => level,
    noContext: 'no context',
    description: (text: string): string => text,
    averageWords: (words: string): string => `${words} words on average`,
    books: { open: 'open book', closed: 'closed book', text: 'trained on the text' } satisfies Record<Book, string>,
    base: 'base model',
    rank: (rank: string | number): string => `rank ${rank}`,
    seed: (seed: number): string => `seed ${seed}`,
    bitsEach: (digits: string): string => `${digits} bits a token`,
  },
  zh: {
    counted: (digits, noun) => `${digits} ${CHINESE_NOUNS[noun]}`,
    percent: (digits) => zh`${digits}%`,
    points: (digits) => zh`${digits}个百分点`,
    interval: (low, high) => zh`${low}至${high}`,
    beside: (value, ...said) => zh`${value}（${said.join('，')}）`,
    unknown: '未知',
    noInterval: '只有一个条目，没有区间',
    tooFewItems: '条目太少，没有区间',
    jointInterval: (low, high) => zh`联合区间${low}至${high}`,
    parts: (...parts) => parts.join('，'),
    listed: (names) =>
      names.length < 2 ? names.join('') : zh`${names.slice(0, -1).join('、')}和${names.at(-1) ?? ''}`,
    clauses: (clauses) => clauses.join('；'),
    sentences: (sentences) => sentences.join(''),
    begun: (text) => text,
    named: (name, text) => zh`${name}：${text}`,
    level: (level) => (level === 'original' ? '原文' : level),
    noContext: '无文本',
    description: (text) => CHINESE_DESCRIPTIONS[text] ?? text,
    averageWords: (words) => zh`平均${words}个词`,
    books: { open: '开卷', closed: '闭卷', text: '以文本训练' },
    base: '基座模型',
    rank: (rank) => zh`秩${rank}`,
    seed: (seed) => zh`种子${seed}`,
    bitsEach: (digits) => zh`每 token ${digits} bit`,
  },
});
