/** Which facts a condensed text still states: fact by fact, by string, number and entity, and if wanted by a model. */
import { factsOf, type Fact } from '../../audit/facts.js';
import { isKept } from '../../audit/retention.js';
import { phraseOf, WordText } from '../../text/word-text.js';

/** A fact that must survive: a statement, with the names, numbers and dates that must stand in the text word for word. */
export interface RequiredFact {
  readonly statement: string;
  readonly keys: readonly Fact[];
  /** Words that carry meaning, as compared. */
  readonly content: readonly string[];
}

/** Share of a statement's content words that must be found: with all its keys there, and where it has no keys. */
const WITH_KEYS = 0.4;
const WITHOUT_KEYS = 0.7;

/** A statement as a required fact. */
export function requiredFact(statement: string): RequiredFact {
  return { statement, keys: factsOf(statement), content: contentWords(new WordText(statement)) };
}

/** Words of four letters or more, cut to their first six so that endings make no difference; every word of unspaced scripts. */
function contentWords(text: WordText): string[] {
  const words = text.words.map(({ norm }) => norm).filter((norm) => norm.length >= 4 || /[^\x20-\u024f]/.test(norm));
  return [...new Set(words.map(beginning))];
}

function beginning(word: string): string {
  return word.slice(0, 6);
}

/** A text prepared for looking facts up. */
export class CoveredText {
  readonly #text: WordText;
  readonly #stems: ReadonlySet<string>;

  constructor(text: string) {
    this.#text = new WordText(text);
    this.#stems = new Set(this.#text.words.map(({ norm }) => beginning(norm)));
  }

  /** Whether the text states the fact: its words in a row, or all its keys and enough of its other words. */
  states(fact: RequiredFact): boolean {
    if (this.#text.has(phraseOf(fact.statement))) return true;
    if (fact.keys.some((key) => !isKept(key, this.#text))) return false;
    if (fact.content.length === 0) return fact.keys.length > 0;
    const found = fact.content.filter((word) => this.#stems.has(word)).length / fact.content.length;
    return found >= (fact.keys.length > 0 ? WITH_KEYS : WITHOUT_KEYS);
  }

  /** Whether a name, number or date stands in the text. */
  has(key: Fact): boolean {
    return isKept(key, this.#text);
  }
}

/** Facts that a text does not state. */
export function missingFacts(text: string, facts: readonly RequiredFact[]): RequiredFact[] {
  const covered = new CoveredText(text);
  return facts.filter((fact) => !covered.states(fact));
}
