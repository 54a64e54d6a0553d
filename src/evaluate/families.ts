/** Families of language models by their names: a judge favours answers of its own kind, so that is said. */

/** Names by which a family is known; the first that a model's name holds counts, so a longer name stands before one it contains. */
const FAMILIES: readonly (readonly [family: string, names: RegExp])[] = [
  ['SmolLM', /smollm/],
  ['DeepSeek', /deepseek/],
  ['Qwen', /qwen|qwq|tongyi/],
  ['GPT', /gpt|chatgpt|(?<![a-z])o[134](?![a-z0-9])|davinci/],
  ['Claude', /claude/],
  ['Gemini and Gemma', /gemini|gemma/],
  ['Mistral', /mi[sx]tral|ministral|magistral|codestral/],
  ['Llama', /llama|vicuna|alpaca/],
  ['GLM', /glm/],
  ['Phi', /(?<![a-z])phi(?![a-z])/],
  ['Yi', /(?<![a-z])yi(?![a-z])/],
  ['Grok', /grok/],
  ['Command', /(?<![a-z])command(?![a-z])|cohere|aya/],
];

/** The family a model's name tells of; null where it tells of none. */
export function familyOf(name: string): string | null {
  const model = name.toLowerCase().replace(/ at .*$/, '');
  return FAMILIES.find(([, names]) => names.test(model))?.[0] ?? null;
}

/** A warning where judge and judged are of one family; null where they are not, or their names do not tell. */
export function kinshipWarning(judge: string, judged: string): string | null {
  const family = familyOf(judge);
  if (family === null || familyOf(judged) !== family) return null;
  return `judge "${judge}" and the judged "${judged}" are both of the ${family} family: judges favour answers of their own kind, so compare with a judge of another family`;
}
