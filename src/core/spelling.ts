/** British and American spelling of the same word. */

const RULES: readonly (readonly [RegExp, string])[] = [
  [/is(?=(e|ed|es|er|ers|ing|ation|ations)(?![a-z]))/gi, 'iz'],
  [/our(?=(ed|s|ing)?(?![a-z]))/gi, 'or'],
];

/** One form for both spellings: `quantisation` and `quantization`, `colour` and `color`. Only to compare by: `rise` becomes `rize`. */
export function eitherSpelling(word: string): string {
  return RULES.reduce((text, [pattern, form]) => text.replace(pattern, form), word);
}

/** The known name that is spelt so, here or there; undefined where there is none. */
export function spelt(name: string, known: readonly string[]): string | undefined {
  return known.find((each) => each === name) ?? known.find((each) => eitherSpelling(each) === eitherSpelling(name));
}
