import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { cleaned, faultOf } from '../../src/compress/asking/clean.js';
import { readJsonAnswer } from '../../src/compress/asking/json-answer.js';
import { differsInLanguage, languageOf } from '../../src/text/language.js';
import { summaryPrompt } from '../../src/compress/asking/prompts.js';
import { ARTICLE } from './support/texts.js';

const TEXT = 'Misty Buscher is the mayor of Springfield.';

/** What models put around an answer; the last are texts to be left alone. */
const WRAPPED: readonly (readonly [string, string, readonly string[]])[] = [
  [TEXT, TEXT, []],
  [`  ${TEXT}\n`, TEXT, []],
  [`Here is the summary:\n\n${TEXT}`, TEXT, ['preamble-removed']],
  [`Here's a condensed version of the text in about 50 words:\n${TEXT}`, TEXT, ['preamble-removed']],
  [`Sure! Here is the condensed text: ${TEXT}`, TEXT, ['preamble-removed']],
  [`Certainly! ${TEXT}`, TEXT, ['preamble-removed']],
  [`Summary: ${TEXT}`, TEXT, ['preamble-removed']],
  [`**Summary:** ${TEXT}`, TEXT, ['preamble-removed']],
  [`Condensed text:\n${TEXT}`, TEXT, ['preamble-removed']],
  [`以下是摘要：${TEXT}`, TEXT, ['preamble-removed']],
  [`\`\`\`\n${TEXT}\n\`\`\``, TEXT, ['fence-removed']],
  [`\`\`\`text\n${TEXT}\n\`\`\``, TEXT, ['fence-removed']],
  [`Here is the summary:\n\`\`\`\n${TEXT}\n\`\`\``, TEXT, ['fence-removed']],
  [`<text-0123abcd>\n${TEXT}\n</text-0123abcd>`, TEXT, ['fence-removed']],
  [`${TEXT}\n</text-0123abcd>`, TEXT, ['fence-removed']],
  [`"${TEXT}"`, TEXT, ['quotes-removed']],
  [`“${TEXT}”`, TEXT, ['quotes-removed']],
  [`<think>Let me see.</think>${TEXT}`, TEXT, []],
  [`${TEXT}\n\n(Word count: 7)`, TEXT, ['preamble-removed']],
  [`${TEXT} (7 words)`, TEXT, ['preamble-removed']],
  [`${TEXT}\n\nLet me know if you need anything else!`, TEXT, ['preamble-removed']],
  ['"To be", he said, "or not to be"', '"To be", he said, "or not to be"', []],
  ['Here the river turns: north.', 'Here the river turns: north.', []],
  ['Surely this stays.', 'Surely this stays.', []],
];

/** Answers that are no text, and sound ones. */
const { instructions } = summaryPrompt(ARTICLE, { form: 'summ_l2', isUsual: true }, 100, 'source');
const FAULTS: readonly (readonly [string, string | undefined])[] = [
  ['', 'empty'],
  ["I'm sorry, but I can't help with that.", 'refusal'],
  ['I cannot assist with this request.', 'refusal'],
  [instructions, 'echo'],
  [`${TEXT}\n<text-0123abcd>\n${TEXT}`, 'echo'],
  [
    'Summarise the text, keeping the main statements with their names, numbers and dates, and dropping side matters.',
    'echo',
  ],
  ['米斯蒂·布舍是斯普林菲尔德的市长，该市是伊利诺伊州的首府。', 'wrong-language'],
  [
    'Misty Buscher ist die Bürgermeisterin von Springfield, der Hauptstadt des Staates, und sie ist die zweite Frau in diesem Amt.',
    'wrong-language',
  ],
  [TEXT, undefined],
  ['I cannot assist is what the mayor of Springfield once said, and it was a long story. '.repeat(8), undefined],
  ['Springfield', undefined],
  [ARTICLE, undefined],
];

describe('an answer', () => {
  test('is freed of what models put around it', () => {
    for (const [answer, text, flags] of WRAPPED) {
      expect(cleaned(answer), answer).toMatchObject({ text });
      expect(cleaned(answer).flags, answer).toEqual(expect.arrayContaining([...flags]));
      if (flags.length === 0) expect(cleaned(answer).flags, answer).toEqual([]);
    }
    console.log(`${WRAPPED.length} wrapped answers`);
  });

  test('that is none is told by name', () => {
    for (const [answer, reason] of FAULTS) {
      expect(faultOf(answer, { source: ARTICLE, instructions, language: 'source' })?.reason, answer.slice(0, 60)).toBe(
        reason,
      );
    }
    console.log(`${FAULTS.length} unusable or sound answers`);
  });

  test('may be asked for in English whatever the source’s language', () => {
    const source = '米斯蒂·布舍是斯普林菲尔德的市长，该市是伊利诺伊州的首府。';
    const context = { source, instructions, language: 'english' } as const;
    expect(faultOf(ARTICLE, context)).toBeUndefined();
    expect(faultOf(source, context)?.reason).toBe('wrong-language');
  });
});

describe('the language of a text', () => {
  const SAMPLES: readonly (readonly [string, string | null])[] = [
    [ARTICLE, 'en'],
    [
      'Der Bürgermeister der Stadt ist nicht mehr im Amt, und die Wahl wurde auf den Herbst verschoben, wie es heißt.',
      'de',
    ],
    ['Le maire de la ville est une femme qui dirige les services du comté avec son équipe dans le bâtiment.', 'fr'],
    ['El alcalde de la ciudad es una mujer que fue elegida por los vecinos del condado en el año pasado.', 'es'],
    ['她是斯普林菲尔德的市长。', 'Han'],
    ['彼女はスプリングフィールドの市長です。', 'Japanese'],
    ['Она является мэром города Спрингфилд.', 'Cyrillic'],
    ['هي رئيسة بلدية المدينة', 'Arabic'],
    ['1234 5678', null],
    ['Springfield, Illinois', null],
  ];
  test('is told where it can be', () => {
    for (const [text, language] of SAMPLES) expect(languageOf(text), text).toBe(language);
    console.log(`${SAMPLES.length} texts`);
  });
  test('is never said to differ where it is unknown', () => {
    expect(differsInLanguage('Springfield', ARTICLE)).toBe(false);
    expect(differsInLanguage('1234', '彼女はスプリングフィールドの市長です。')).toBe(false);
  });
});

describe('JSON in an answer', () => {
  const schema = z.object({ a: z.array(z.string()) });
  const GOOD: readonly (readonly [string, readonly string[], boolean])[] = [
    ['{"a": ["x", "y"]}', ['x', 'y'], false],
    ['```json\n{"a": ["x"]}\n```', ['x'], false],
    ['Here it is: {"a": ["x"]} and that is all.', ['x'], false],
    ['<think>{"a": 1}</think>{"a": ["x"]}', ['x'], false],
    ['{"a": ["brace } in \\" text {"]}', ['brace } in " text {'], false],
    ['{"a": ["x", "y",]}', ['x', 'y'], true],
    ['{"a": ["x", "y"', ['x', 'y'], true],
    ['{"a": ["x", "unfinished', ['x'], true],
    ['{“a”: [“x”]}', ['x'], true],
    ['{"a": ["line\nbreak"]}', ['line break'], true],
    ["{'a': ['x']}", ['x'], true],
    ['{a: ["x"]}', ['x'], true],
    ['{"a": ["x" "y"]}', ['x', 'y'], true],
    ['{"a": ["x"], "b": "unfinished', ['x'], true],
    ['{"a": ["x"] // so far\n}', ['x'], true],
  ];
  const BAD = [
    '',
    'no braces',
    '{"b": []}',
    '{"a": [1]}',
    '[1, 2]',
    '{"a": "x"}',
    '{',
    '{ this is none }',
    '{"a": "x", "unfin',
  ];
  test('is found, and mended where it is nearly right', () => {
    for (const [answer, a, mended] of GOOD)
      expect(readJsonAnswer(answer, schema), answer).toEqual({ value: { a }, mended });
    for (const answer of BAD) expect(readJsonAnswer(answer, schema), answer).toHaveProperty('problem');
    console.log(`${GOOD.length} usable, ${BAD.length} unusable answers`);
  });
});
