/** What is told of an object that nobody changes, told once: a grid has thousands of runs over the same few lists of items. */

type Words = readonly (string | number)[];

/** The function, each answer kept as long as the object it is about; `by` is whatever else it depends on. */
export function remembered<K extends object, W extends Words, T>(
  tell: (about: K, ...by: W) => T,
): (about: K, ...by: W) => T {
  const alone = new WeakMap<K, { readonly value: T }>();
  const known = new WeakMap<K, Map<string, { readonly value: T }>>();
  return (about, ...by) => {
    if (by.length === 0) {
      let answer = alone.get(about);
      if (answer === undefined) alone.set(about, (answer = { value: tell(about, ...by) }));
      return answer.value;
    }
    let answers = known.get(about);
    if (answers === undefined) known.set(about, (answers = new Map<string, { readonly value: T }>()));
    const key = JSON.stringify(by);
    let answer = answers.get(key);
    if (answer === undefined) answers.set(key, (answer = { value: tell(about, ...by) }));
    return answer.value;
  };
}
