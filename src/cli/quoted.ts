/** Words as they are typed in a shell. */

/** The word itself where a shell reads it as it is, else in quotes. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
