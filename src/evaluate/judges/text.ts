/** Reading answers as words: the normal form that judges compare. */

const ARTICLES = new Set(['a', 'an', 'the']);

/** Words of a text: compatibility forms unified, accents dropped, lower case, thousands separators removed. */
export function words(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .toLowerCase();
  return plain.match(/\p{N}+(?:\.\p{N}+)?|\p{L}+/gu) ?? [];
}

/** The normal form of an answer: its words without articles, joined by spaces. */
export function normalise(text: string): string {
  return words(text)
    .filter((word) => !ARTICLES.has(word))
    .join(' ');
}
