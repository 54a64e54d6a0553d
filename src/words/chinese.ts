/** A template for Chinese: what is put in is set apart from the characters around it where it is written in Latin letters or digits. */

const HAN = /\p{Script=Han}/u;
const LATIN = /[\p{Script=Latin}\p{N}%+−×]/u;

/** The text with its values, a blank where a Chinese character of the template meets a letter, digit or per cent sign of a value. */
export function zh(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((text, part, i) => {
    const value = String(values[i - 1] ?? '');
    const before = touches(text.slice(-1), value.slice(0, 1)) ? ' ' : '';
    const after = touches(value.slice(-1), part.slice(0, 1)) ? ' ' : '';
    return `${text}${before}${value}${after}${part}`;
  });
}

function touches(left: string, right: string): boolean {
  return (HAN.test(left) && LATIN.test(right)) || (LATIN.test(left) && HAN.test(right));
}
