/** Facts written in many ways, made at random: what is written of one fact must compare equal, of two facts different. */
import fc from 'fast-check';

/** One fact: what it is, and two ways of writing it. */
export interface Written {
  readonly fact: string;
  readonly a: string;
  readonly b: string;
}

const BELOW_TWENTY =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** A whole number below a thousand million in English. */
export function inWords(n: number): string {
  if (n < 20) return BELOW_TWENTY[n] ?? '';
  if (n < 100) return `${TENS[Math.floor(n / 10)]}${n % 10 === 0 ? '' : `-${BELOW_TWENTY[n % 10]}`}`;
  if (n < 1000) return `${inWords(Math.floor(n / 100))} hundred${n % 100 === 0 ? '' : ` and ${inWords(n % 100)}`}`;
  const [unit, name] = n < 1e6 ? [1e3, 'thousand'] : [1e6, 'million'];
  return `${inWords(Math.floor(n / unit))} ${name}${n % unit === 0 ? '' : ` ${inWords(n % unit)}`}`;
}

function ordinalInWords(n: number): string {
  const irregular: Record<string, string> = {
    one: 'first',
    two: 'second',
    three: 'third',
    five: 'fifth',
    eight: 'eighth',
    nine: 'ninth',
    twelve: 'twelfth',
  };
  const [head, last] = [inWords(n).replace(/[a-z]+$/, ''), /[a-z]+$/.exec(inWords(n))?.[0] ?? ''];
  return head + (irregular[last] ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`));
}

const suffixed = (n: number): string =>
  `${n}${(n % 100 > 10 && n % 100 < 14 ? 'th' : ['th', 'st', 'nd', 'rd'][n % 10]) ?? 'th'}`;
const grouped = (n: number, by: string): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, by);
const inDigits = (text: string, zero: string): string =>
  text.replace(/\d/g, (digit) => String.fromCodePoint((zero.codePointAt(0) ?? 0) + Number(digit)));

/** Ways to write a whole number. */
function wordingsOfNumber(n: number): string[] {
  const plain = String(n);
  return [
    plain,
    inWords(n),
    ...[',', '\u202f', '\u00a0', "'"].map((by) => grouped(n, by)),
    ...['０', '٠', '०', '๐'].map((zero) => inDigits(plain, zero)),
    ...(n >= 1e6 && n % 1e5 === 0 ? [`${n / 1e6} million`, `${n / 1e6}m`.replace('m', ' million')] : []),
  ];
}

/** Two of a fact's wordings. */
function written(fact: string, wordings: readonly string[]): fc.Arbitrary<Written> {
  const one = fc.constantFrom(...wordings);
  return fc.record({ fact: fc.constant(fact), a: one, b: one });
}

const whole = fc.oneof(
  fc.integer({ min: 0, max: 99 }),
  fc.integer({ min: 100, max: 9_999_999 }),
  fc.integer({ min: 10, max: 99 }).map((n) => n * 1e5),
);

export const numbers = whole.chain((n) => written(`${n}`, wordingsOfNumber(n)));

export const negatives = whole
  .filter((n) => n > 0)
  .chain((n) => written(`-${n}`, [`-${n}`, `\u2212${n}`, `minus ${n}`, `minus ${inWords(n)}`, `-${grouped(n, ',')}`]));

export const decimals = fc
  .tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 1, max: 99 }))
  .map(([n, rest]) => [n, `${rest}`.padStart(2, '0').replace(/0$/, '')] as const)
  .chain(([n, rest]) =>
    written(`${n}.${rest}`, [
      `${n}.${rest}`,
      `${n}.${rest}0`,
      `${n},${rest}`,
      `${grouped(n, ',')}.${rest}`,
      inDigits(`${n}.${rest}`, '０'),
    ]),
  );

export const ordinals = fc
  .integer({ min: 1, max: 99 })
  .chain((n) => written(suffixed(n), [suffixed(n), ordinalInWords(n), `the ${ordinalInWords(n)}`]));

export const percentages = fc
  .integer({ min: 0, max: 100 })
  .chain((n) =>
    written(`${n} %`, [
      `${n}%`,
      `${n} %`,
      `${n} percent`,
      `${n} per cent`,
      `${inWords(n)} percent`,
      `${inDigits(`${n}`, '０')}％`,
    ]),
  );

const UNITS: readonly (readonly [string, ...string[]])[] = [
  ['km', 'kilometres', 'kilometers'],
  ['kg', 'kilograms', 'kilos'],
  ['°C', 'degrees Celsius'],
  ['m', 'metres', 'meters'],
  ['litres', 'liters', 'l'],
  ['miles', 'mi'],
  ['hours', 'hrs', 'h'],
];

export const measures = fc
  .tuple(fc.integer({ min: 2, max: 99_999 }), fc.constantFrom(...UNITS))
  .chain(([n, names]) =>
    written(`${n} ${names[0]}`, [
      ...names.map((unit) => `${n} ${unit}`),
      `${grouped(n, ',')} ${names[0]}`,
      `${inWords(n)} ${names[1]}`,
      `${n}${names[0]}`,
    ]),
  );

const CURRENCIES = [
  ['$', 'dollars'],
  ['€', 'euros'],
  ['£', 'pounds'],
] as const;

export const prices = fc
  .tuple(fc.integer({ min: 2, max: 99 }), fc.constantFrom(...CURRENCIES))
  .chain(([n, [sign, name]]) =>
    written(`${n} million ${name}`, [
      `${sign}${n} million`,
      `${n} million ${name}`,
      `${sign}${n}m`,
      `${sign}${n},000,000`,
      `${inWords(n)} million ${name}`,
    ]),
  );

const calendar = fc.record({
  day: fc.integer({ min: 1, max: 28 }),
  month: fc.integer({ min: 1, max: 12 }),
  year: fc.integer({ min: 1000, max: 2100 }),
});

export const dates = calendar.chain(({ day, month, year }) => {
  const name = MONTHS[month - 1] ?? '';
  const two = (n: number): string => String(n).padStart(2, '0');
  return written(`${year}-${two(month)}-${two(day)}`, [
    `${day} ${name} ${year}`,
    `${name} ${day}, ${year}`,
    `${suffixed(day)} of ${name} ${year}`,
    `${name} ${suffixed(day)}, ${year}`,
    `${day} ${name.slice(0, 3)} ${year}`,
    `${name.slice(0, 3)}. ${day}, ${year}`,
    `${year}-${two(month)}-${two(day)}`,
    `${two(day)}.${two(month)}.${year}`,
    `${day}. ${name} ${year}`,
    `${year}年${month}月${day}日`,
  ]);
});

export const days = calendar.chain(({ day, month }) => {
  const name = MONTHS[month - 1] ?? '';
  return written(`${name} ${day}`, [
    `${day} ${name}`,
    `${name} ${day}`,
    `${suffixed(day)} of ${name}`,
    `${name} the ${suffixed(day)}`,
    `${month}月${day}日`,
  ]);
});

export const ranges = fc
  .tuple(fc.integer({ min: 1100, max: 1990 }), fc.integer({ min: 1, max: 9 }))
  .chain(([from, years]) => {
    const to = from + years;
    const short = String(to).slice(2);
    return written(`${from} to ${to}`, [
      `${from}–${short}`,
      `${from}-${short}`,
      `${from}/${short}`,
      `${from}–${to}`,
      `${from} ${to}`,
      `${from} to ${to}`,
      `from ${from} to ${to}`,
    ]);
  });

/** Groups of words that are one. */
const SAME: readonly (readonly string[])[] = [
  ["don't", 'don’t', 'do not'],
  ['cannot', "can't", 'can not'],
  ["won't know", 'will not know'],
  ["they're late", 'they are late'],
  ['Zoë Wanamaker', 'Zoe Wanamaker', 'Zoe\u0308 Wanamaker', 'ZOË WANAMAKER'],
  ['Željka Cvijanović', 'Zeljka Cvijanovic'],
  ['Łódź', 'Lodz', 'ŁÓDŹ'],
  ['Straße', 'Strasse', 'STRASSE'],
  ['İstanbul', 'Istanbul'],
  ['ﬁnal', 'final'],
  ['J. R. R. Tolkien', 'J.R.R. Tolkien', 'JRR Tolkien'],
  ['F.C. Kolos', 'FC Kolos'],
  ["O'Neill", 'O’Neill', 'Oʼneill'],
  ["Harrison's band", 'Harrison’s band', 'the Harrison band'],
  ['Hallberg & Sons', 'Hallberg and Sons'],
  ['ＴＯＫＹＯ', 'Tokyo'],
  ['organisation', 'organization'],
  ['harbour', 'harbor'],
  ['the theatre', 'a theater'],
  ['Ёлкин', 'Елкин'],
  ['مُحَمَّد', 'محمد'],
  ['علی', 'علي'],
  ['カタカナ', 'ｶﾀｶﾅ'],
  ['ガラス', 'ｶﾞﾗｽ', 'カ\u3099ラス'],
  ['二十一', '21', '２１'],
  ['一九八七年', '1987年', '1987'],
  ['百分之五十', '50%'],
  ['第二', '第2'],
  ['nineteen eighty-four', '1984'],
  ['two thirds', '2/3'],
  ['No. 5', '№ 5', 'Nr. 5'],
];

export const spellings = fc.constantFrom(...SAME).chain((wordings) => written(wordings.join(' | '), wordings));

/** Names of scripts without blanks, or with particles that hang on words. */
const NAMES = [
  '北京',
  '李明华',
  '上海图书馆',
  '東京',
  'サッカー',
  'ひらがな',
  'กรุงเทพ',
  'ภาษาไทย',
  'ນະຄອນ',
  'ភ្នំពេញ',
  '서울',
  '대한민국',
];

/** A name, and a sentence that holds it without a blank around it. */
export const unspaced = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES))
  .filter(([a, b]) => a !== b)
  .map(([name, other]) => ({ name, other, sentence: `答案是${name}！` }));
