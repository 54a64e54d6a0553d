/** Answers that give none: refusals of the task, and statements that the answer is not known or not in the source. */
import { anyOf } from './any-of.js';

/** Longer answers are taken as answers even where they begin like a refusal. */
const LONGEST_REFUSAL = 500;

const TASK_REFUSED: readonly RegExp[] = [
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
  return start.length <= LONGEST_REFUSAL && TASK_REFUSED.some((pattern) => pattern.test(start));
}

const NOT_KNOWN = anyOf(
  [
    "(?:do|does|did)(?: not|n['’]t) (?:\\w+ ){0,2}(?:know|say|state|mention|provide|contain|specify|indicate|include|list|give|have (?:any |enough |that )?information)",
    "(?:is|are|was|were)(?: not|n['’]t) (?:\\w+ ){0,2}(?:mentioned|stated|provided|specified|given|listed|available|known|answerable|enough|sufficient|possible to)",
    "(?:has|have)(?: not|n['’]t) (?:\\w+ ){0,2}(?:mentioned|been mentioned|said|told)",
    "(?:is|are|was|were|there['’]s)(?:n['’]t)? (?:no|any) (?:\\w+ ){0,2}(?:mention|information|record|indication|reference|connection)",
    '(?:no|without|lacks?|insufficient|not enough) (?:\\w+ ){0,2}(?:mention|information|context|details?)',
    "(?:can|could)(?: ?not|n['’]t) (?:\\w+ ){0,2}(?:answer|determine|confirm|say|tell|find|provide|conclude|be determined)",
    '(?:unable|not able|impossible|not possible) to (?:answer|determine|confirm|say|tell|find|provide|state)',
    "(?:am|i['’]m) not (?:sure|certain)",
    "no (?:idea|answer)|unanswerable|unknown|not mentioned|not (?:explicitly|directly|specifically)|i (?:do not|don['’]t) know|you (?:did|have) ?(?:not|n['’]t) (?:\\w+ )?mention",
    'nicht (?:bekannt|angegeben|genannt|erwähnt)|keine (?:angaben?|information(?:en)?)|wei(?:ß|ss) (?:ich |es )?nicht',
    'je ne sais pas|pas (?:mentionn|indiqu|précis|connu)\\p{L}*|no (?:lo )?sé|no se (?:menciona|indica|sabe)|non (?:lo so|è indicato)',
    'не (?:знаю|указан\\p{L}*|упомян\\p{L}*|известн\\p{L}*)|غير (?:مذكور|معروف)|لا (?:أعرف|أعلم)',
  ],
  [
    '(?:没有?|未|無|无)(?:被)?(?:提到|提及|说明|記載|记载|明示|相关信息)|不知道|不清楚|无法(?:确定|回答|得知)|わかりません|分かりません|不明|書かれていま?せん|記載(?:が|は)?(?:ない|ありません)|모르|알 수 없|언급되지',
  ],
);

/** Whether a text says that the answer is not known or not in the source. */
export function saysUnknown(text: string): boolean {
  return NOT_KNOWN.test(text);
}
