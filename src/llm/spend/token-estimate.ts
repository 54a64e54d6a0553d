/** A quick estimate of token counts where no tokenizer is at hand: for budgets and forecasts, never for measurements. */

/** About 4 Latin letters, or 1.5 characters of Chinese, Japanese or Korean, make a token; other scripts about 2.5. */
export function estimateTokens(text: string): number {
  let wide = 0;
  let ascii = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) ascii++;
    else if (code >= 0x2e80) wide++;
  }
  return Math.ceil(ascii / 4 + wide / 1.5 + (text.length - ascii - wide) / 2.5);
}
