/** What a figure shows, in a sentence. */
import { zh } from './chinese.js';
import { catalogue } from './language.js';

export const findingWords = catalogue({
  en: {
    correlations: (retention: string, trr: string): string =>
      `rank correlation ${retention} with answers kept, ${trr} with tokens saved`,
    nothingToExplain: (numbers: string): string =>
      `The levels' scores cannot be told apart, so there is nothing that their texts could explain (${numbers}).`,
    few: (numbers: string, levels: number): string => `${numbers}; ${levels} levels are too few to prove it`,
    withRetention: (few: string): string => `Here scores go with what a text keeps more than with its length: ${few}.`,
    withLength: (few: string): string => `Here scores go with length more than with the answers kept: ${few}.`,
    withBoth: (few: string): string => `Here scores go about as much with answers kept as with length: ${few}.`,
    sentence: (clauses: readonly string[]): string => `${clauses.join('; ')}.`,
    noChange: (most: string, fewest: string): string =>
      `Training on ${most} items in place of ${fewest} makes no detectable difference.`,
    rankAbove: (said: {
      readonly level: string;
      readonly higher: number;
      readonly lower: number;
      readonly by: string;
    }) => `at ${said.level} rank ${said.higher} scores above rank ${said.lower} by ${said.by}`,
    noOthers: (clauses: readonly string[]): string => `${clauses.join('; ')}; no other ranks can be told apart.`,
    noRanks: (ranks: string): string => `At no level can ranks ${ranks} be told apart.`,
    recall: (said: {
      readonly rank: number;
      readonly first: string;
      readonly items: string;
      readonly last: string;
      readonly most: string;
    }) => `rank ${said.rank} recalls ${said.first} after ${said.items}, ${said.last} after ${said.most}`,
    change: (said: {
      readonly rank: number;
      readonly most: string;
      readonly fewest: string;
      readonly lowers: boolean;
      readonly by: string;
    }) =>
      `at rank ${said.rank}, ${said.most} items in place of ${said.fewest} ${said.lowers ? 'lowers' : 'raises'} the score by ${said.by}`,
    rankEnough: (level: string, rank: number): string => `${level}: rank ${rank} is enough.`,
    rankOpen: (level: string, largest: number): string =>
      `${level}: whether less than rank ${largest} is enough is not settled.`,
    lossFell: (fell: string, trainings: string): string => `The loss fell in ${fell} of ${trainings} and rose in none.`,
    lossRose: (said: {
      readonly fell: string;
      readonly trainings: string;
      readonly rose: string;
      readonly places: string;
      readonly more: boolean;
    }) =>
      `The loss fell in ${said.fell} of ${said.trainings} and rose in ${said.rose} (${said.places}${said.more ? ' …' : ''}).`,
  },
  zh: {
    correlations: (retention, trr) => zh`与保留的答案的等级相关系数为${retention}，与节省的 token 的为${trr}`,
    nothingToExplain: (numbers) => zh`各级别的得分无法区分，没有什么需要用文本来解释（${numbers}）。`,
    few: (numbers, levels) => zh`${numbers}。${levels}个级别太少，不足以证明`,
    withRetention: (few) => zh`这里得分与文本保留的答案更相关，与长度的关系较弱：${few}。`,
    withLength: (few) => zh`这里得分与长度更相关，与文本保留的答案的关系较弱：${few}。`,
    withBoth: (few) => zh`这里得分与保留的答案和与长度的关系大致相当：${few}。`,
    sentence: (clauses) => `${clauses.join('；')}。`,
    noChange: (most, fewest) => zh`训练条目从${fewest}个增加到${most}个，没有带来显著差异。`,
    rankAbove: ({ level, higher, lower, by }) => zh`在${level}上，秩${higher}的得分比秩${lower}高${by}`,
    noOthers: (clauses) => `${clauses.join('；')}。其他的秩之间无法区分。`,
    noRanks: (ranks) => zh`在任何级别上，秩${ranks}之间都无法区分。`,
    recall: ({ rank, first, items, last, most }) =>
      zh`秩${rank}在训练${items}后召回${first}，在训练${most}个条目后召回${last}`,
    change: ({ rank, most, fewest, lowers, by }) =>
      zh`秩${rank}的训练条目从${fewest}个增加到${most}个，得分${lowers ? '下降' : '上升'} ${by}`,
    rankEnough: (level, rank) => zh`${level}：秩${rank}已经足够。`,
    rankOpen: (level, largest) => zh`${level}：小于${largest}的秩是否足够尚无定论。`,
    lossFell: (fell, trainings) => zh`共${trainings}，其中${fell}次损失函数值下降，没有上升的。`,
    lossRose: ({ fell, trainings, rose, places, more }) =>
      zh`共${trainings}，其中${fell}次损失函数值下降，${rose}次上升（${places}${more ? '……' : ''}）。`,
  },
});
