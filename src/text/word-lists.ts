/** The lists of words that comparing texts rests on, each once: months, articles, number words, units, small words. */

const split = (words: string): string[] => words.trim().split(/\s+/);

export const MONTHS: readonly string[] = split(
  'january february march april may june july august september october november december',
);

/** Other names of months, without accents, by number: abbreviations, German, French, Spanish, Italian, Portuguese, Dutch, Russian. */
const OTHER_MONTHS = [
  'jan januar janvier enero gennaio janeiro januari января',
  'feb februar fevrier febrero febbraio fevereiro februari февраля',
  'mar marz mars marzo marco maart марта',
  'apr avril abril aprile апреля',
  'mai mayo maggio maio mei мая',
  'jun juni juin junio giugno junho июня',
  'jul juli juillet julio luglio julho июля',
  'aug aout agosto augustus августа',
  'sep sept septembre septiembre settembre setembro сентября',
  'oct okt oktober octobre octubre ottobre outubro октября',
  'nov novembre noviembre novembro ноября',
  'dec dez dezember decembre diciembre dicembre dezembro декабря',
];

/** A month's English name by any of its names. */
export const MONTH_BY_NAME: ReadonlyMap<string, string> = new Map(
  MONTHS.flatMap((month, index) => [month, ...split(OTHER_MONTHS[index] ?? '')].map((name) => [name, month] as const)),
);

export const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the']);

/** What may stand between a day and its month, or a month and its year. */
export const DATE_LINKS: ReadonlySet<string> = new Set(split('of de del do the'));

/** How a number word combines with its neighbours. */
export type NumeralRank = 'unit' | 'teen' | 'ten' | 'hundred' | 'magnitude';

/** One number word: `seven`, `seventh`, `hundred` … */
export interface Numeral {
  readonly value: number;
  readonly rank: NumeralRank;
  readonly ordinal: boolean;
}

const BELOW_TWENTY = split(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
);
const ORDINALS_BELOW_TWENTY = split(
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth',
);
const TENS = split('twenty thirty forty fifty sixty seventy eighty ninety');
const HUNDREDS: readonly (readonly [string, number])[] = [
  ['hundred', 100],
  ['dozen', 12],
];
const MAGNITUDES: readonly (readonly [string, number])[] = [
  ['thousand', 1e3],
  ['lakh', 1e5],
  ['million', 1e6],
  ['crore', 1e7],
  ['billion', 1e9],
  ['trillion', 1e12],
];

/** English number words. */
export const NUMERALS: ReadonlyMap<string, Numeral> = new Map([
  ...BELOW_TWENTY.map((word, value) => numeral(word, value, value < 10 ? 'unit' : 'teen')),
  ...ORDINALS_BELOW_TWENTY.map((word, value) => numeral(word, value, value < 10 ? 'unit' : 'teen', true)),
  ...TENS.flatMap((word, index) => withOrdinal(word, 20 + 10 * index, 'ten', word.replace(/y$/, 'ieth'))),
  ...HUNDREDS.flatMap(([word, value]) => withOrdinal(word, value, 'hundred', `${word}th`)),
  ...MAGNITUDES.flatMap(([word, value]) => withOrdinal(word, value, 'magnitude', `${word}th`)),
]);

function numeral(word: string, value: number, rank: NumeralRank, ordinal = false): [string, Numeral] {
  return [word, { value, rank, ordinal }];
}

function withOrdinal(word: string, value: number, rank: NumeralRank, ordinal: string): [string, Numeral][] {
  return [numeral(word, value, rank), numeral(ordinal, value, rank, true)];
}

/** What fractions are parts of. */
export const DENOMINATORS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    half: '2',
    third: '3',
    quarter: '4',
    fourth: '4',
    fifth: '5',
    sixth: '6',
    eighth: '8',
    tenth: '10',
  }).flatMap(([part, of]): [string, string][] => [
    [part, of],
    [part === 'half' ? 'halves' : `${part}s`, of],
  ]),
);

/** Powers of ten by the words that follow digits: `1.2 million`, `3 Mrd`, `5万`. */
export const POWERS: ReadonlyMap<string, number> = new Map([
  ...powers(2, 'hundred 百'),
  ...powers(3, 'thousand tausend mille mil тыс тысяч тысячи الف 千'),
  ...powers(4, '万 萬 만'),
  ...powers(5, 'lakh लाख'),
  ...powers(6, 'million millions mn mln mio millionen millones milhoes milioni млн миллиона миллионов ملیون'),
  ...powers(7, 'crore करोड़'),
  ...powers(8, '亿 億 억'),
  ...powers(9, 'billion billions bn milliard milliards mrd milliarden miliardi млрд миллиарда миллиардов ملیار'),
  ...powers(12, 'trillion trillions tn 兆'),
]);

/** Abbreviations that are powers only beside a currency: `$5k`. */
export const MONEY_POWERS: ReadonlyMap<string, number> = new Map([
  ['k', 3],
  ['m', 6],
  ['b', 9],
]);

function powers(power: number, words: string): [string, number][] {
  return split(words).map((word) => [word, power]);
}

/** Values of Han digits. */
export const HAN_DIGITS: ReadonlyMap<string, number> = new Map([
  ...[...'〇一二三四五六七八九'].map((character, value): [string, number] => [character, value]),
  ['零', 0],
  ['两', 2],
  ['兩', 2],
]);
/** Han powers of ten from the greatest on, each with its forms. */
export const HAN_POWERS: readonly (readonly [signs: string, power: number])[] = [
  ['亿億', 1e8],
  ['万萬', 1e4],
  ['千', 1e3],
  ['百', 100],
  ['十', 10],
];

/** What one Han digit counts: behind other words it is mostly none. */
export const HAN_COUNTED: ReadonlySet<string> = new Set(
  '年月日号號时時点點分秒岁歲个個人名位次届家座条張张本只隻头辆艘间间层階阶楼里公元円圆块米斤吨台枚册页章节课回度番',
);

/**
 * Units and currencies by how they are written behind a number: signs and abbreviations in their own case, words in lower case.
 * Each gives its name in the singular, in American spelling.
 */
export const UNITS: ReadonlyMap<string, string> = new Map([
  ...unit('percent', '% pct percents prozent'),
  ...unit('permille', '‰'),
  ...unit('degree', '° degrees'),
  ...unit('dollar', '$ dollars usd'),
  ...unit('euro', '€ euros eur'),
  ...unit('pound', '£ pounds gbp lb lbs'),
  ...unit('yen', '¥ jpy 円'),
  ...unit('rupee', '₹ rupees inr'),
  ...unit('rouble', '₽ roubles rubles ruble rub'),
  ...unit('won', '₩ krw'),
  ...unit('franc', 'francs chf'),
  ...unit('yuan', 'cny rmb 元'),
  ...unit('cent', '¢ cents'),
  ...unit('kilometer', 'km kilometers kilometre kilometres'),
  ...unit('meter', 'm meters metre metres'),
  ...unit('centimeter', 'cm centimeters centimetre centimetres'),
  ...unit('millimeter', 'mm millimeters millimetre millimetres'),
  ...unit('mile', 'mi miles'),
  ...unit('foot', 'ft feet'),
  ...unit('inch', 'inches'),
  ...unit('yard', 'yd yards'),
  ...unit('hectare', 'ha hectares'),
  ...unit('acre', 'acres'),
  ...unit('kilogram', 'kg kilograms kilogramme kilogrammes kilo kilos'),
  ...unit('gram', 'g grams gramme grammes'),
  ...unit('milligram', 'mg milligrams'),
  ...unit('ton', 'tons tonne tonnes'),
  ...unit('ounce', 'oz ounces'),
  ...unit('liter', 'l L liters litre litres'),
  ...unit('milliliter', 'ml mL milliliters millilitre millilitres'),
  ...unit('hour', 'h hr hrs hours'),
  ...unit('minute', 'min mins minutes'),
  ...unit('second', 's sec secs seconds'),
  ...unit('millisecond', 'ms milliseconds'),
  ...unit('day', 'days'),
  ...unit('week', 'weeks'),
  ...unit('month', 'months'),
  ...unit('year', 'yr yrs years'),
  ...unit('century', 'centuries'),
  ...unit('watt', 'W watts'),
  ...unit('kilowatt', 'kW kilowatts'),
  ...unit('megawatt', 'MW megawatts'),
  ...unit('volt', 'V volts'),
  ...unit('hertz', 'Hz'),
  ...unit('kilohertz', 'kHz'),
  ...unit('megahertz', 'MHz'),
  ...unit('gigahertz', 'GHz'),
  ...unit('milliwatt', 'mW'),
  ...unit('gigawatt', 'GW'),
  ...unit('watt-hour', 'Wh'),
  ...unit('kilowatt-hour', 'kWh'),
  ...unit('megawatt-hour', 'MWh'),
  ...unit('gigawatt-hour', 'GWh'),
  ...unit('millivolt', 'mV'),
  ...unit('kilovolt', 'kV'),
  ...unit('milliampere', 'mA'),
  ...unit('pascal', 'Pa'),
  ...unit('kilopascal', 'kPa'),
  ...unit('kilojoule', 'kJ'),
  ...unit('calorie', 'cal calories'),
  ...unit('kilocalorie', 'kcal kilocalories'),
  ...unit('microgram', 'μg mcg micrograms'),
  ...unit('micrometer', 'μm micrometers micrometre micrometres'),
  ...unit('nanometer', 'nm nanometers nanometre nanometres'),
  ...unit('decibel', 'dB decibels'),
  ...unit('kilobit', 'kb kbit kilobits'),
  ...unit('megabit', 'Mb Mbit megabits'),
  ...unit('gigabit', 'Gb Gbit gigabits'),
  ...unit('kilobyte', 'kB KB kilobytes'),
  ...unit('megabyte', 'MB megabytes'),
  ...unit('gigabyte', 'GB gigabytes'),
  ...unit('terabyte', 'TB terabytes'),
]);

function unit(name: string, others: string): [string, string][] {
  return [name, ...split(others)].map((other) => [other, name]);
}

/** Signs of currencies, which also stand before their number. */
export const CURRENCY_SIGNS = '$€£¥₹₽₩¢';

/** Words without content of their own. */
export const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  split(`a an the of in on at to for from by with and or as is are was were be been being it its that this which who whom
  he she they his her their him them also has have had do does did will would can could no not but than then into over
  after before during about between there here such other`),
);

/** Characters of Chinese and Japanese without content of their own. */
export const FUNCTION_CHARACTERS: ReadonlySet<string> = new Set(
  '的了是在和与與及或の は が を に へ と で も や か'.replaceAll(' ', ''),
);
