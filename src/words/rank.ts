/** Sentences about ranks: which is enough, what it costs, and what would settle what is not settled. */
import { zh } from './chinese.js';
import { catalogue } from './language.js';

export const rankWords = catalogue({
  en: {
    onlyOne: (rank: number): string =>
      `Only rank ${rank} was trained here: nothing says whether a smaller one would do.`,
    candidate: (rank: number, mean: string, against: string): string => `rank ${rank} ${mean}${against}`,
    against: (numbers: string, largest: number): string => `, ${numbers} against rank ${largest}`,
    line: (place: string, means: readonly string[], rule: string, rank: number): string =>
      `${place}: ${means.join('; ')}. ${rule}: rank ${rank}.`,
    ruleTrr: 'By the table from TRR',
    ruleOpen: 'Not settled, the largest kept',
    ruleMargin: (margin: string): string => `Smallest that loses no more than ${margin} against the largest`,
    atLevel: (level: string): string => `at ${level}`,
    inClosedBook: 'in closed book',
    trr: (rank: number, place: string): string => `The table from TRR gives rank ${rank} ${place}.`,
    trrClause: (rank: number): string => `the table from TRR gives rank ${rank}`,
    noLossAtAll: 'one-sided, at 95\u00a0%: no loss at all',
    atMost: (loss: string): string => `one-sided, at 95\u00a0%: at most ${loss}`,
    enough: (said: {
      readonly place: string;
      readonly rank: number;
      readonly allowed: string;
      readonly largest: number;
      readonly bound: string;
    }) =>
      `${said.place} rank ${said.rank} is enough: a loss of more than ${said.allowed} against rank ${said.largest} is excluded (${said.bound})`,
    next: (rank: number, numbers: string): string => ` (rank ${rank}: ${numbers})`,
    smallerLose: (place: string, largest: number, numbers: string): string =>
      `${place} smaller ranks score lower than rank ${largest}${numbers}`,
    open: (said: {
      readonly largest: number;
      readonly place: string;
      readonly allowed: string;
      readonly numbers: string;
      readonly settling: string;
    }) =>
      `whether less than rank ${said.largest} is enough ${said.place} is not settled: no smaller rank is shown to lose no more than ${said.allowed}${said.numbers}${said.settling}`,
    settling: (words: string): string => `; ${words}`,
    sentence: (clause: string): string => `${clause}.`,
    noneApart: (ranks: string): string => ` No two of ranks ${ranks} can be told apart.`,
    apart: (
      pairs: readonly { readonly higher: number; readonly lower: number }[],
      and: (names: readonly string[]) => string,
    ) => ` Rank ${and(pairs.map(({ higher, lower }) => `${higher} scores detectably above ${lower}`))}.`,
    parameters: (own: string): string => `${own} parameters`,
    parametersOf: (own: string, largest: number, most: string): string =>
      `${own} parameters of rank ${largest}'s ${most}`,
    time: (share: string): string => `${share} of its time a run`,
    takes: (rank: number, parts: readonly string[]): string => `Rank ${rank} takes ${parts.join(' and ')}.`,
    oneRate: (rate: number): string =>
      `All ranks were trained at the learning rate ${rate}; whether another rate suits one of them better was not asked.`,
    ratesOf: (rank: number, rates: readonly number[]): string => `rank ${rank} ${rates.join(' and ')}`,
    rates: (each: readonly string[]): string =>
      `Learning rates differ with the rank: ${each.join(', ')}; a difference between ranks may be one of rates.`,
    floor: (said: { readonly rank: number; readonly bits: string; readonly parameters: string }): string =>
      `Capacity asks for rank ${said.rank} at least: the answers hold ${said.bits} bits, a rank ${said.parameters} parameters at 2 bits each.`,
    nearby: (said: {
      readonly place: string;
      readonly own: string;
      readonly found: string;
      readonly worth: string;
    }): string => `Several ranks were trained at ${said.place}, not at ${said.own}: ${said.found}${said.worth}.`,
    worth: (rank: number, own: string): string => `, so rank ${rank} is worth a run at ${own}`,
    moreItems: 'one item tells nothing: ask about more',
    lossAsLarge: (loss: string): string =>
      `the loss measured, ${loss}, is as large as what is allowed, and more items or seeds would rather show it`,
    farMore: 'a larger margin, or far more items and seeds, would settle it',
    wouldSettle: (said: {
      readonly items: string;
      readonly trainings: number;
      readonly counted: string;
      readonly nowItems: string;
      readonly nowTrainings: number;
    }) =>
      `about ${said.items} items and ${said.trainings === 1 ? 'one training' : said.counted} of each configuration would settle it if the loss is as measured (now ${said.nowItems} and ${said.nowTrainings})`,
  },
  zh: {
    onlyOne: (rank) => zh`这里只训练了秩${rank}，无法知道更小的秩是否足够。`,
    candidate: (rank, mean, against) => zh`秩${rank}：${mean}${against}`,
    against: (numbers, largest) => zh`，相对秩${largest}：${numbers}`,
    line: (place, means, rule, rank) => zh`${place}：${means.join('；')}。${rule}：秩${rank}。`,
    ruleTrr: '按 TRR 对照表',
    ruleOpen: '尚无定论，保留最大的秩',
    ruleMargin: (margin) => zh`相对最大的秩，损失不超过${margin}的最小的秩`,
    atLevel: (level) => zh`在${level}上`,
    inClosedBook: '在闭卷中',
    trr: (rank, place) => zh`按 TRR 对照表，${place}用秩${rank}。`,
    trrClause: (rank) => zh`按 TRR 对照表应为秩${rank}`,
    noLossAtAll: '单侧 95%：没有损失',
    atMost: (loss) => zh`单侧 95%：最多${loss}`,
    enough: ({ place, rank, allowed, largest, bound }) =>
      zh`${place}，秩${rank}已经足够。可以排除相对秩${largest}大于${allowed}的损失（${bound}）`,
    next: (rank, numbers) => zh`（秩${rank}：${numbers}）`,
    smallerLose: (place, largest, numbers) => zh`${place}，更小的秩得分低于秩${largest}${numbers}`,
    open: ({ largest, place, allowed, numbers, settling }) =>
      zh`${place}，小于${largest}的秩是否足够尚无定论。没有证据表明更小的秩损失不超过${allowed}${numbers}${settling}`,
    settling: (words) => zh`。${words}`,
    sentence: (clause) => `${clause}。`,
    noneApart: (ranks) => zh`秩${ranks}两两之间都无法区分。`,
    apart: (pairs) => `${pairs.map(({ higher, lower }) => zh`秩${higher}的得分显著高于秩${lower}`).join('，')}。`,
    parameters: (own) => zh`${own}个参数`,
    parametersOf: (own, largest, most) => zh`${own}个参数（秩${largest}为${most}个）`,
    time: (share) => zh`每次运行的时间为后者的${share}`,
    takes: (rank, parts) => zh`秩${rank}需要${parts.join('，')}。`,
    oneRate: (rate) => zh`所有的秩都用学习率${rate}训练，没有比较别的学习率是否更适合其中某个秩。`,
    ratesOf: (rank, rates) => zh`秩${rank}为${rates.join('、')}`,
    rates: (each) => zh`各个秩的学习率不同：${each.join('，')}。秩之间的差异可能来自学习率。`,
    floor: ({ rank, bits, parameters }) =>
      zh`按存储容量计算，秩至少为${rank}：答案共有${bits} bit，每增加一个秩有${parameters}个参数，每个参数存 2 bit。`,
    nearby: ({ place, own, found, worth }) => zh`${own}上没有训练多个秩，只在${place}上训练过。${found}${worth}。`,
    worth: (rank, own) => zh`，因此值得在${own}上试一次秩${rank}`,
    moreItems: '只有一个条目说明不了问题，请增加条目',
    lossAsLarge: (loss) => zh`测得的损失（${loss}）已经接近允许的上限，更多条目或种子多半会证实这一损失`,
    farMore: '要有定论，需要放宽允许的损失，或大量增加条目和种子',
    wouldSettle: ({ items, trainings, nowItems, nowTrainings }) =>
      zh`如果损失与测得的一致，每个配置约需${items}个条目和${trainings}次训练才能有定论（目前为${nowItems}个和${nowTrainings}次）`,
  },
});
