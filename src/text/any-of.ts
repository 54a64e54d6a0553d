/** Lists of phrases as one pattern. */

/** Any of the phrases, in either case: the first ones as whole words, those of `anywhere` (scripts without blanks, signs) also within others. */
export function anyOf(phrases: readonly string[], anywhere: readonly string[] = []): RegExp {
  const whole = phrases.map((phrase) => `(?<![\\p{L}\\p{N}_])(?:${phrase})(?![\\p{L}\\p{N}_])`);
  return new RegExp([...whole, ...anywhere].join('|'), 'iu');
}
