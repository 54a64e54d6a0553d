/** Answers that are refusals in words: servers mark few of them as such. */

/** Longer answers are taken as answers even where they begin like a refusal. */
const LONGEST_REFUSAL = 500;

const REFUSALS: readonly RegExp[] = [
  /^(i['’]?m|i am) (very |so |really )?sorry,? (but )?(i|as an)\b/i,
  /^(sorry|unfortunately|apologies),? (but )?(i|we) (can['’]?t|cannot|am unable|['’]?m unable|won['’]?t)/i,
  /^i (can['’]?t|cannot|can not|won['’]?t|will not|am not able to|am unable to|['’]?m unable to) (assist|help|comply|fulfil|provide|process|do that|continue|summari[sz]e|answer)/i,
  /^as an ai\b.{0,80}\b(can['’]?t|cannot|unable|not able)/i,
  /^(抱歉|对不起|很抱歉|不好意思)[，,。!！]?.{0,12}(无法|不能|不便)/,
  /^(我无法|我不能)(提供|协助|帮助|回答|处理|完成)/,
];

/** Whether a text is a short refusal, in English or Chinese. */
export function isRefusal(text: string): boolean {
  const start = text.trimStart();
  return start.length <= LONGEST_REFUSAL && REFUSALS.some((pattern) => pattern.test(start));
}
