/** What a study file says of training on texts: what is taken, and what is refused at its line and key. */
import { describe, expect, it } from 'vitest';
import { parseStudy } from '../../src/study/config-file.js';
import { DEFAULT_MIX } from '../../src/study/text-book-config.js';
import { problems } from './support/study-problems.js';

const GOOD = `
datasets:
  a: { world: { kind: articles }, items: 4, testItems: 2 }
grid:
  - { dataset: a, book: text, levels: [original], ranks: [8], forms: [raw, mix] }
`;

const withForms = (forms: string): string => GOOD.replace('[raw, mix]', forms);
const withPart = (more: string): string => GOOD.replace('[raw, mix]', `[raw], ${more}`);

describe('a part that trains on texts', () => {
  it('takes names of forms, and shares of tokens with or without a name', () => {
    const { grid } = parseStudy(withForms('[raw, mix, { study: 0.5, raw: 0.5 }, { name: own, distil: 1 }]'), 'x.yaml');
    expect(grid).toMatchObject([
      {
        ...{ by: 'rules', exposures: 60, taught: 1, wordings: 5, reverse: true, controls: true },
        forms: [
          { name: 'raw', shares: { raw: 1 } },
          { name: 'mix', shares: DEFAULT_MIX },
          { name: 'raw 50 + study 50', shares: { raw: 0.5, study: 0.5 } },
          { name: 'own', shares: { distil: 1 } },
        ],
      },
    ]);
  });

  it.each([
    [
      'shares that are not a whole',
      withForms('[{ raw: 0.5, study: 0.2 }]'),
      /line 5, .*forms\[0\].*add up to 0\.7: make/,
    ],
    ['replay alone', withForms('[replay]'), /line 5, .*forms.*replay alone teaches nothing of the texts/],
    [
      'a form that is not known',
      withForms('[raw, quiz]'),
      /line 5, .*forms\[1\].*unknown form "quiz": use one of raw, re/,
    ],
    ['a form named twice', withForms('[raw, raw]'), /line 5, .*forms.*names a form twice/],
    ['no form', withForms('[]'), /line 5, .*forms.*is empty/],
    ['a writer that is not known', withPart('by: hand'), /line 5, .*by.*hand/],
    [
      'a model that nobody names',
      withPart('by: model'),
      /line 5, .*by.*no(ne| model) is named: say compress: \{ model/,
    ],
    [
      'another objective',
      withPart('train: { objective: text }'),
      /line 5, .*train\.objective.*forms say what is learnt/,
    ],
    ['another objective of all', `${GOOD}train: { objective: text }\n`, /line 6, .*train\.objective.*remove this line/],
    ['items held out', `${GOOD}train: { heldOut: 0.5 }\n`, /heldOut keeps items from training/],
    [
      'a served model',
      `model: { name: m, endpoint: http://x/v1 }${GOOD}`,
      /line 5, .*book.*trains, and a served model is/,
    ],
    ['exposures that are none', withPart('exposures: 0'), /line 5, .*exposures/],
    ['no item taught', withPart('taught: 0'), /line 5, .*taught/],
  ])('refuses %s at its line and key', (_, source, expected) => {
    expect(problems(source)).toContainEqual(expect.stringMatching(expected));
  });

  it('refuses two ways of making forms of one name, and takes them under two', () => {
    const second = (forms: string): string =>
      `${GOOD}  - { dataset: a, book: text, levels: [original], ranks: [4], forms: ${forms}, wordings: 2 }\n`;
    expect(problems(second('[mix]'))).toEqual([
      expect.stringMatching(
        /line 6, .*grid\[1\]\.forms.*"mix" is made in another way in a part before: give it a name/,
      ),
    ]);
    expect(problems(second('[study]'))).toEqual([]);
    expect(problems(`${GOOD}${GOOD.split('\n').at(-2)}\n`)).toEqual([]);
  });
});
