/** Scripts by how they part words, as contents of a regular expression's character class (with its `u` flag). */

/** Written without blanks between words: two characters are about one word. */
export const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u30fc\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';

/** Compared character by character: also Korean, whose particles hang on its words (`서울`, `서울은`, `서울입니다`). */
export const BY_CHARACTER = `${UNSPACED}\\p{Script=Hangul}`;
