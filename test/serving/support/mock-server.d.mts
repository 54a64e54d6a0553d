/** What the mock server answers. */
export function answerOf(weights: string | Uint8Array, prompt: unknown): { text: string; logprob: number };
