/** Sentences about what an adapter holds, asked closed book. */
import { zh } from './chinese.js';
import { catalogue } from './language.js';

/** A figure with the ends of its interval, as they are shown. */
interface Shown {
  readonly value: string;
  readonly low: string;
  readonly high: string;
}

export const capacityWords = catalogue({
  en: {
    recalls: (said: {
      readonly rank: number;
      readonly recalled: string;
      readonly facts: string;
      readonly bits: string;
    }) => `Closed book, rank ${said.rank} recalls ${said.recalled} of ${said.facts} above the floor${said.bits}.`,
    bits: (recalled: string, all: string, ceiling: string): string => `, ${recalled} of ${all} bits${ceiling}`,
    ceiling: (bits: string, share: string): string =>
      `; 2 bits per parameter would hold ${bits}, of which this is ${share}`,
    tooFewAmounts: 'Its limit takes three amounts to tell.',
    notReached: (facts: string, least: string): string =>
      `Its limit was not reached: at ${facts} recall still grows with what is asked (at least ${least} facts).`,
    peak: (said: { readonly items: string; readonly facts: string; readonly recalled: Shown }): string =>
      `Of ${said.items} it recalled more, ${said.recalled.value} of ${said.facts} (${said.recalled.low} to ${said.recalled.high}): beyond that its training teaches less than it shows, so that its room is not what limits it here; more passes or a lower rate may have it hold more.`,
    limit: ({ value, low, high }: Shown, bits: string): string =>
      `By the curve through its amounts it holds about ${value} facts at most (${low} to ${high})${bits}.`,
    limitBits: ({ value, low, high }: Shown): string => `, ${value} bits (${low} to ${high})`,
    limitEach: ({ value, low, high }: Shown, parameters: string): string =>
      `: ${value} for each of its ${parameters} parameters (${low} to ${high}), where whole models hold 2 (Allen-Zhu and Li, 2024) and adapters on random facts between 0.05 and 2.75`,
    all: 'All',
    someOf: (some: string, all: string): string => `${some} of ${all}`,
    asTrained: (which: string): string =>
      `${which} were asked in the very wording that was trained, where a sentence learnt by heart looks like a fact that is known: give questions a testPrompt, a wording kept for asking.`,
    noCrowding: (most: string, fewest: string): string =>
      `Training on ${most} items in place of ${fewest} makes no detectable difference to the facts they share.`,
    crowding: (said: {
      readonly most: string;
      readonly fewest: string;
      readonly crowdsOut: boolean;
      readonly numbers: string;
    }) =>
      `Training on ${said.most} items in place of ${said.fewest} ${said.crowdsOut ? 'crowds out' : 'helps'} the facts they share (${said.numbers}).`,
    line: (said: {
      readonly dataset: string;
      readonly rank: number;
      readonly items: string;
      readonly recall: string;
      readonly facts: string;
      readonly floor: string;
      readonly recalled: Shown;
      readonly base: string;
    }) =>
      `${said.dataset}, closed book, rank ${said.rank}, ${said.items}: ${said.recall} of ${said.facts}, floor ${said.floor}, ${said.recalled.value} facts recalled (${said.recalled.low} to ${said.recalled.high})${said.base}.`,
    againstBase: (numbers: string): string => `; ${numbers} against the base model`,
  },
  zh: {
    recalls: ({ rank, recalled, facts, bits }) => zh`闭卷：秩${rank}在${facts}中召回${recalled}条（扣除下限）${bits}。`,
    bits: (recalled, all, ceiling) => zh`，即${all} bit 中的${recalled} bit${ceiling}`,
    ceiling: (bits, share) => zh`。按每个参数 2 bit 计算可存${bits} bit，实际为其${share}`,
    tooFewAmounts: '至少需要三种训练量才能判断其上限。',
    notReached: (facts, least) => zh`上限尚未达到：问到${facts}时，召回仍随数量增长（至少${least}条事实）。`,
    peak: ({ items, facts, recalled }) =>
      zh`训练${items}时召回得更多：${facts}中的${recalled.value}条（${recalled.low}至${recalled.high}）。再多的内容，这样的训练就教不会了，因此限制它的不是容量。增加训练遍数或降低学习率，也许能存得更多。`,
    limit: ({ value, low, high }, bits) =>
      zh`按各训练量拟合的曲线，它最多存储约${value}条事实（${low}至${high}）${bits}。`,
    limitBits: ({ value, low, high }) => zh`，即${value} bit（${low}至${high}）`,
    limitEach: ({ value, low, high }, parameters) =>
      zh`。它有${parameters}个参数，每个参数${value} bit（${low}至${high}）。作为参照，完整的模型为 2 bit（Allen-Zhu 与 Li，2024），适配器存储随机事实时为 0.05 至 2.75 bit`,
    all: '全部问题',
    someOf: (some, all) => zh`${all}个问题中有${some}个`,
    asTrained: (which) =>
      zh`${which}的问法与训练时完全相同，背下来的句子看起来就像掌握的事实。请为问题提供 testPrompt，即只用于提问的问法。`,
    noCrowding: (most, fewest) => zh`训练条目从${fewest}个增加到${most}个，对共有的事实没有显著影响。`,
    crowding: ({ most, fewest, crowdsOut, numbers }) =>
      zh`训练条目从${fewest}个增加到${most}个，${crowdsOut ? '挤掉了一部分共有的事实' : '有助于共有的事实'}（${numbers}）。`,
    line: ({ dataset, rank, items, recall, facts, floor, recalled, base }) =>
      zh`${dataset}，闭卷，秩${rank}，${items}：${facts}中召回${recall}，下限${floor}，扣除后召回${recalled.value}条（${recalled.low}至${recalled.high}）${base}。`,
    againstBase: (numbers) => zh`；相对基座模型：${numbers}`,
  },
});
