// A compression method of your own: the first sentences of a text, as many as the amount asked for leaves room for.
//   lightmem compress notes.jsonl --out compressed.jsonl --method ./first-sentences.mjs --levels summ_l3=0.4
export const name = 'first-sentences';
export const version = 1;

/** The shorter text; `context` gives the item (without its questions), the target, the level and the model named, if any. */
export function compress(text, { target }) {
  const words = text.split(/\s+/).length;
  const room = target.words ?? (target.ratio ?? 0.5) * words;
  const sentences = text.match(/[^.!?]+[.!?]+\s*/g) ?? [text];
  let kept = '';
  for (const sentence of sentences) {
    if (kept !== '' && (kept + sentence).trim().split(/\s+/).length > room) break;
    kept += sentence;
  }
  return kept.trim();
}
