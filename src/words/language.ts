/** The language in which words for people are put: set around a call, and meant by all that happens within it. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** English, and Chinese in simplified characters. */
export const LANGUAGES = ['en', 'zh'] as const;

export type Language = (typeof LANGUAGES)[number];

const spoken = new AsyncLocalStorage<Language>();

/** Does something with all words for people in a language; the language is as before when it is done. */
export function inLanguage<T>(language: Language, body: () => T): T {
  return spoken.run(language, body);
}

/** The language that is spoken now; English unless told otherwise. */
export function spokenLanguage(): Language {
  return spoken.getStore() ?? 'en';
}

/** The same messages in every language, looked up in the one that is spoken: a message that a language lacks does not compile. */
export function catalogue<T>(messages: { readonly en: T; readonly zh: NoInfer<T> }): () => T {
  return () => messages[spokenLanguage()];
}
