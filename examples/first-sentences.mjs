// A compression method of your own: the first sentences of a text, as many as the amount asked for leaves room for.
//   lightmem compress notes.jsonl --out compressed.jsonl --method ./first-sentences.mjs --levels first-sentences=0.4
export const name = 'first-sentences';
export const description = 'first sentences';
export const version = 1;

/** The shorter text. `words` is how many were asked for (null: as you like); the context also gives item (without its questions), level, amount, options and the model named, if any. */
export function compress(text, { words }) {
  const room = words ?? text.split(/\s+/).length / 2;
  const sentences = text.match(/[^.!?]+[.!?]+\s*/g) ?? [text];
  let kept = '';
  for (const sentence of sentences) {
    if (kept !== '' && (kept + sentence).trim().split(/\s+/).length > room) break;
    kept += sentence;
  }
  return kept.trim();
}
