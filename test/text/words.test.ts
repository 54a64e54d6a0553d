/** Words as audit and judges compare them: one form for all ways of writing a thing, each word with its place. */
import { describe, expect, it } from 'vitest';
import { decimal, timesTenTo } from '../../src/text/decimal.js';
import { folded } from '../../src/text/folding.js';
import { stem } from '../../src/text/stem.js';
import { normalForm, phraseOf, WordText } from '../../src/text/word-text.js';
import { wordsOf } from '../../src/text/words.js';

/** Texts, and their words: `#` marks numbers, `º` ordinals, `u` units, `·` articles. */
const WORDS: readonly (readonly [text: string, words: string])[] = [
  ['thirty-one', '31#'],
  ['one hundred and five', '105#'],
  ['two hundred thousand and twelve', '200012#'],
  ['nineteen eighty-four', '1984#'],
  ['twenty twenty-one', '2021#'],
  ['two thousand and eight', '2008#'],
  ['a hundred', 'a· 100#'],
  ['two dozen', '24#'],
  ['1.2 million', '1200000#'],
  ['$1.2m', '1200000# dollaru'],
  ['€3bn', '3000000000# eurou'],
  ['-$5', '-5# dollaru'],
  ['minus five', '-5#'],
  ['F-16', 'f 16#'],
  ['10-5', '10# 5#'],
  ['2nd', '2thº'],
  ['twenty-first', '21thº'],
  ['ten seconds', '10# secondu'],
  ['one second', '1# secondu'],
  ['one of the cities', 'one of the· cities'],
  ['no one', 'no one'],
  ['two thirds', '2# 3#'],
  ['50 per cent', '50# percentu'],
  ['5 °C', '5# degreeu celsiusu'],
  ['<5%', 'less than 5# percentu'],
  ['1,14,394', '114394#'],
  ['1.234,5', '1234.5#'],
  ["1'234", '1234#'],
  ['3,5', '3.5#'],
  ['.5', '0.5#'],
  ['2½', '2.5#'],
  ['10²', '10# 2#'],
  ['007', '007#'],
  ['3.10.2', '3.10.2'],
  ['version 1.10', 'version 1.10#'],
  ['07:30', '7# 30#'],
  ["1980's", '1980s#'],
  ['June the 8th, 1984', '8# june 1984#'],
  ['8 de junio de 1984', '8# june 1984#'],
  ['25/12/1984', '25# december 1984#'],
  ['12/25/1984', '25# december 1984#'],
  ['08/06/1984', '8# 6# 1984#'],
  ['Jan. 5', '5# january'],
  ['it may 5', 'it may 5#'],
  ['6月8日', '8# june'],
  ['1984년 6월 8일', '8# june 1984#'],
  ['1999–02', '1999# 2002#'],
  ['between 10 and 12', '10# 12#'],
  ['三万五千', '35000#'],
  ['万一', '万 一'],
  ['三星', '三 星'],
  ['五人', '5# 人'],
  ["can't", 'can not'],
  ["O'Neill", 'oneill'],
  ["l'école", 'l· ecole'],
  ['D’Angelo', 'd angelo'],
  ['J. R. R. Tolkien', 'jrr tolkien'],
  ['C++ and C#', 'c++ and c#'],
  ['**bold** and *A*', 'bold and a'],
  ['Vitamin A is good', 'vitamin a is good'],
  ['A tale', 'a· tale'],
  ['Once Upon A Time', 'once upon a· time'],
  ['The The', 'the· the'],
  ['AT&T', 'at and t'],
  ['x == {}', 'x == {}'],
  ['กรุงเทพ', 'ก รุ ง เ ท พ'],
  ['서울은', '서 울 은'],
  ['1790123456789012345', '1790123456789012345#'],
  ['', ''],
  ['… !', ''],
];

const MARKS = { word: '', character: '', number: '#', ordinal: 'º', unit: 'u', article: '·' } as const;

describe('words', () => {
  it(`are the same however a thing is written (${WORDS.length} cases)`, () => {
    for (const [text, words] of WORDS) {
      expect([
        text,
        wordsOf(text)
          .map(({ norm, kind }) => norm + MARKS[kind])
          .join(' '),
      ]).toEqual([text, words]);
    }
  });

  it('have the place in the text that they were read from', () => {
    const text = 'Straße ½, ﬁnal １２３４ e\u0301te\u0301, June 8th, 1984 – 50 per cent';
    const pieces = wordsOf(text).map(({ start, end }) => text.slice(start, end));
    expect(pieces).toEqual([
      'Straße',
      '½',
      'ﬁnal',
      '１２３４',
      'e\u0301te\u0301',
      '8th',
      'June',
      '1984',
      '50',
      'per cent',
    ]);
  });
});

/** A phrase and a text in which it counts as found. */
const FOUND: readonly [phrase: string, text: string][] = [
  ['the City of Rome', 'in the city of rome, Italy'],
  ['114394', 'a population of 114,394 people'],
  ['1.2 million', 'sold 1,200,000 copies'],
  ['1,200,000', 'sold 1.2 million copies'],
  ['21 April 1971', 'born April 21, 1971 in Kyiv'],
  ['April 21, 1971', 'born on 21 Apr 1971'],
  ['April 21, 1971', 'born 1971-04-21'],
  ['April 1971', 'born 21 April 1971'],
  ['1971', 'born 21 April 1971'],
  ['U.S. state', 'the US state of Illinois'],
  ["Harrison's band", 'the band of George Harrison; Harrison’s band'],
  ['Yaroslavskaya', 'YAROSLAVSKAYA oblast'],
  ['Яросла́вская', 'Ярославская область'],
  ['Zoe', 'Zoë Wanamaker'],
  ['two sons', 'had 2 sons'],
  ['巴黎', '塞纳河流经巴黎市区'],
  ['European-Americans', 'by european americans in'],
];

const NOT_FOUND: readonly [phrase: string, text: string][] = [
  ['Rome', 'Jerome lived here'],
  ['114', 'a population of 114,394 people'],
  ['21 April 1971', 'born 12 April 1971'],
  ['may', 'in June 1971'],
  ['', 'anything'],
  ['the', 'nothing here'],
  ['New York', 'New, improved York'],
];

describe('looking a phrase up', () => {
  it(`finds it however it is written (${FOUND.length} cases)`, () => {
    expect(FOUND).toHaveLength(17);
    for (const [phrase, text] of FOUND)
      expect([phrase, new WordText(text).has(phraseOf(phrase))]).toEqual([phrase, true]);
  });

  it(`does not find what only looks alike (${NOT_FOUND.length} cases)`, () => {
    expect(NOT_FOUND).toHaveLength(7);
    for (const [phrase, text] of NOT_FOUND)
      expect([phrase, new WordText(text).has(phraseOf(phrase))]).toEqual([phrase, false]);
  });

  it('says where it stands', () => {
    const text = 'Born April 21, 1971; he died on 1999-01-02 in Rome.';
    const places = (phrase: string) =>
      new WordText(text).find(phraseOf(phrase)).map(([start, end]) => text.slice(start, end));
    expect(places('21 April 1971')).toEqual(['April 21, 1971']);
    expect(places('2 January 1999')).toEqual(['1999-01-02']);
    expect(places('the Rome')).toEqual(['Rome']);
  });
});

describe('the normal form', () => {
  it('has no articles unless there is nothing else, and is never empty where the text is not', () => {
    expect(normalForm('the City of the Dead')).toBe('city of dead');
    expect(normalForm('The')).toBe('the');
    expect(normalForm(' {} ')).toBe('{}');
    expect(normalForm(' ')).toBe('');
  });
});

describe('decimal numbers', () => {
  it('lose no digit', () => {
    expect(['1,234.50', '1.234,50', '1 234', '0.0000001', '12345678901234567890.10'].map(decimal)).toEqual([
      '1234.5',
      '1234.5',
      '1234',
      '0.0000001',
      '12345678901234567890.1',
    ]);
    expect([timesTenTo('1.2', 6), timesTenTo('0.05', 3), timesTenTo('-1.23456', 3)]).toEqual([
      '1200000',
      '50',
      '-1234.56',
    ]);
  });
});

describe('folding', () => {
  it('leaves out marks that writers leave out, and no others', () => {
    const pairs = [
      ['Zoë', 'Zoe'],
      ['İı', 'Ii'],
      ['مُحَمَّد', 'محمد'],
      ['Ёлка Й', 'Елка Й'],
      ['दिल्ली', 'दिल्ली'],
      ['が', 'が'],
      ['ｶﾞ', 'ガ'],
      ['서울', '서울'],
      ['H₂O', 'H2O'],
    ];
    for (const [text = '', plain] of pairs) expect(folded(text).text).toBe(plain?.normalize('NFC'));
  });
});

describe('stems', () => {
  it('are without endings, in American spelling', () => {
    expect(['cities', 'played', 'churches', 'organised', 'centre', 'labour', 'news', 'bus'].map(stem)).toEqual([
      'city',
      'play',
      'church',
      'organiz',
      'center',
      'labor',
      'new',
      'bus',
    ]);
  });
});
