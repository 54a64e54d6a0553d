/** Which language a text is in, coarsely: by script, and by small words among languages of one script. */

const SCRIPTS = [
  'Latin',
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Cyrillic',
  'Arabic',
  'Hebrew',
  'Greek',
  'Devanagari',
  'Thai',
] as const;

const PATTERNS = SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'gu')] as const);

/** Small words that are frequent in one language and not in the others. */
const SMALL_WORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  en: new Set('the and of to is was are with that this from which has have were by an it as for at'.split(' ')),
  de: new Set('der und die das ist von mit den dem ein eine nicht auch wurde sich auf für im zu als'.split(' ')),
  fr: new Set('le les des et est une dans du qui pour sur avec au aux ses cette été il elle la'.split(' ')),
  es: new Set('el los las del que y es una por con para su fue como más al lo se en la'.split(' ')),
  it: new Set('il gli della di che è una con per sono nel dei delle alla si da come anche ha la'.split(' ')),
  pt: new Set('o os da do que e é uma por com para seu foi como mais ao dos das não em'.split(' ')),
  nl: new Set('het een van en dat zijn voor met op aan door werd ook bij naar niet is de te als'.split(' ')),
};

/** The language's code or the script's name; null where the text is too short or too mixed to tell. */
export function languageOf(text: string): string | null {
  const sample = text.slice(0, 20_000);
  const counts = PATTERNS.map(([script, pattern]) => [script, sample.match(pattern)?.length ?? 0] as const);
  const letters = counts.reduce((sum, [, count]) => sum + count, 0);
  const [script, most] = counts.reduce((best, next) => (next[1] > best[1] ? next : best));
  if (letters < 8 || most < 0.6 * letters) return kana(counts, letters);
  if (script === 'Latin') return latinLanguage(sample);
  return script === 'Han' && kana(counts, letters) !== null ? 'Japanese' : script;
}

/** Japanese mixes three scripts. */
function kana(counts: readonly (readonly [string, number])[], letters: number): string | null {
  const own = counts.filter(([script]) => script === 'Hiragana' || script === 'Katakana');
  return letters >= 8 && own.reduce((sum, [, count]) => sum + count, 0) > 0.1 * letters ? 'Japanese' : null;
}

function latinLanguage(text: string): string | null {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const shares = Object.entries(SMALL_WORDS).map(
    ([code, small]) => [code, words.filter((word) => small.has(word)).length / words.length] as const,
  );
  const [best, second] = shares.sort((a, b) => b[1] - a[1]);
  if (best === undefined || words.length < 12 || best[1] < 0.12) return null;
  return best[1] >= 1.3 * (second?.[1] ?? 0) ? best[0] : null;
}

/** Whether two texts are surely in different languages. */
export function differsInLanguage(a: string, b: string): boolean {
  const [first, second] = [languageOf(a), languageOf(b)];
  return first !== null && second !== null && first !== second;
}
