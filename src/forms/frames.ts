/**
 * How questions of training are put around what rules found, by language, in frames that the exam does not use. In a frame stand
 * `{key}` and `{whose}` of a value, `{before}`, `{near}` (the last of it), `{behind}`, `{window}` and `{sentence}` of a gap, `{kind}` of what is sought, `{words}`
 * beside it, `{about}` (the topic in brackets, or nothing), `{answer}`; a frame that has nothing to put in one of them is left out.
 */
import { languageOf } from '../text/language.js';

export type AnswerKind = 'name' | 'date' | 'number' | 'phrase';

export interface Frames {
  readonly value: readonly string[];
  readonly valueCloze: string;
  /** Asks whose value it is. */
  readonly valueReversed: string;
  readonly gap: readonly string[];
  /** The same for words that are neither name, date nor number. */
  readonly phrase: readonly string[];
  readonly gapCloze: string;
  /** Asks for the topic, which is a gap in its sentence. */
  readonly gapReversed: string;
  readonly kinds: Readonly<Record<AnswerKind, string>>;
  /** Brackets around a topic, and what stands between a row and its topic. */
  readonly brackets: readonly [string, string];
}

const ENGLISH: Frames = {
  value: [
    'What is the {key} of {whose}?',
    '{whose}: what is the {key}?',
    'Which {key} does {whose} have?',
    'Tell me the {key} of {whose}.',
    'State the {key} for {whose}.',
    'Do you know the {key} of {whose}?',
    'What is the {key}?{about}',
    'Which {key} is stated?{about}',
  ],
  valueCloze: 'The {key} of {whose} is {gap}.',
  valueReversed: 'What has {answer} as its {key}?{about}',
  gap: [
    'How does it go on{about}: {before} …',
    'What stands before “{behind}”{about}?',
    'Which {kind} stands in the gap{about}: {window}',
    'Which {kind} goes with these words{about}: {words}?',
    '{window} – which {kind} is left out{about}?',
    'Tell me the {kind} that is missing{about}: {window}',
    '{words}: which {kind} belongs to this{about}?',
  ],
  phrase: [
    '{before} what?{about}',
    'Finish the statement{about}: {before} …',
    '{before} … – which words follow{about}?',
    'What comes behind “{near}”{about}?',
    'Tell me what belongs here{about}: {before} …',
    'Which words go with {words}{about}?',
  ],
  gapCloze: 'Put in what is missing{about}: {sentence}',
  gapReversed: 'Who or what is meant: {sentence}',
  kinds: { name: 'name', date: 'date', number: 'number', phrase: 'phrase' },
  brackets: [' (', ')'],
};

const CHINESE: Frames = {
  value: [
    '{whose}的{key}是什么？',
    '请问{whose}的{key}？',
    '说出{whose}的{key}。',
    '关于{whose}，{key}是什么？',
    '你知道{whose}的{key}吗？',
    '{key}是什么？{about}',
    '请说出{key}。{about}',
  ],
  valueCloze: '{whose}的{key}是{gap}。',
  valueReversed: '什么的{key}是{answer}？{about}',
  gap: [
    '接下去是什么{about}：{before}……',
    '“{behind}”的前面是什么{about}？',
    '空白处是哪个{kind}{about}：{window}',
    '哪个{kind}与这些词有关{about}：{words}？',
    '{window}——这里少了哪个{kind}{about}？',
    '请说出缺少的{kind}{about}：{window}',
    '{words}：与此有关的是哪个{kind}{about}？',
  ],
  phrase: [],
  gapCloze: '请填空{about}：{sentence}',
  gapReversed: '这说的是谁或什么：{sentence}',
  kinds: { name: '名称', date: '日期', number: '数字', phrase: '词语' },
  brackets: ['（', '）'],
};

const GERMAN: Frames = {
  value: [
    'Was ist bei {whose} als {key} angegeben?',
    '{whose}: Was steht unter {key}?',
    'Nenne von {whose}: {key}.',
    'Wie lautet für {whose} die Angabe {key}?',
    'Weißt du, was bei {whose} unter {key} steht?',
    'Was steht unter {key}?{about}',
    'Wie lautet die Angabe {key}?{about}',
  ],
  valueCloze: '{key} von {whose}: {gap}.',
  valueReversed: 'Wozu gehört die Angabe {key}: {answer}?{about}',
  gap: [
    'Wie geht es weiter{about}: {before} …',
    'Was steht vor „{behind}“{about}?',
    'Was gehört in die Lücke ({kind}){about}: {window}',
    'Was gehört zu diesen Wörtern ({kind}){about}: {words}?',
    '{window} – was fehlt hier ({kind}){about}?',
    'Nenne, was ausgelassen ist ({kind}){about}: {window}',
    '{words}: Was gehört dazu ({kind}){about}?',
  ],
  phrase: [],
  gapCloze: 'Ergänze{about}: {sentence}',
  gapReversed: 'Wer oder was ist gemeint: {sentence}',
  kinds: { name: 'ein Name', date: 'ein Datum', number: 'eine Zahl', phrase: 'Wörter' },
  brackets: [' (', ')'],
};

/** For languages without frames of their own: signs alone. */
const SIGNS: Frames = {
  value: [
    '{whose}: {key}?',
    '{key}: {whose}?',
    '{whose}, {key}, {whose}: ?',
    '{key}, {whose}, {key}: ?',
    '{key}?{about}',
  ],
  valueCloze: '{key} ({whose}): {gap}',
  valueReversed: '{key}: {answer} – ?{about}',
  gap: [
    '{before} …{about}',
    '… {behind}{about}',
    '{window}{about}',
    '{words}: ?{about}',
    '{about} {window} ?',
    '{about} {words} ?',
  ],
  phrase: [],
  gapCloze: '{sentence} ={about} ?',
  gapReversed: '{sentence}',
  kinds: { name: '?', date: '?', number: '?', phrase: '?' },
  brackets: [' (', ')'],
};

const BY_LANGUAGE: Readonly<Record<string, Frames>> = { en: ENGLISH, Han: CHINESE, de: GERMAN };

/** The frames for a text, by its language; English where a Latin text is too short to tell. */
export function framesFor(text: string): Frames {
  const language = languageOf(text);
  if (language === null) return /\p{Script=Han}/u.test(text) ? CHINESE : ENGLISH;
  return BY_LANGUAGE[language] ?? SIGNS;
}

/** A frame with its places filled; undefined where one of them has nothing to put in. */
export function filled(frame: string, values: Readonly<Record<string, string | undefined>>): string | undefined {
  let isWhole = true;
  const text = frame.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) isWhole = false;
    return value ?? '';
  });
  return isWhole ? text.replace(/\s+/g, ' ').trim() : undefined;
}
