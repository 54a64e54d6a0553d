/** Words without their inflection and in one spelling, for comparing only. */

const stems = new Map<string, string>();
const MOST_KNOWN = 50_000;

/** A word without its ending, roughly, American spelling for British: `cities` → `city`, `played` → `play`, `organisation` → `organization`. */
export function stem(word: string): string {
  let known = stems.get(word);
  if (known === undefined) {
    if (stems.size >= MOST_KNOWN) stems.clear();
    stems.set(word, (known = spelled(uninflected(word))));
  }
  return known;
}

function uninflected(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(?:s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && /[^sui]s$/.test(word)) return word.slice(0, -1);
  return word.length > 5 ? word.replace(/(?:ed|ing)$/, '') : word;
}

function spelled(word: string): string {
  if (word.length < 5) return word;
  return word
    .replace(/is(?=(?:e|ation)?$)/, 'iz')
    .replace(/our$/, 'or')
    .replace(/tre$/, 'ter');
}
