/** The verdict's headline, its cautions, and what is said where nothing can be recommended. */
import { zh } from './chinese.js';
import { catalogue } from './language.js';

/** Whether the level is advised, or stays because nothing else is shown. */
export type Advice = 'use' | 'keep' | 'open';

const ADVICE: Readonly<Record<Advice, string>> = { use: 'use', keep: 'keep', open: 'not settled: keep' };

export const verdictWords = catalogue({
  en: {
    chance: (said: { readonly compared: string; readonly families: number; readonly byChance: string }): string =>
      `${said.compared} differences are compared${said.families > 1 ? ` on ${said.families} data sets and books` : ''}. Where nothing differs, 95\u00a0% intervals of each by itself would show about ${said.byChance} by chance; the joint intervals show any in at most one study of twenty.`,
    nothingScored: 'No trained run has a scored answer yet: there is nothing to recommend.',
    ofDatasets: (names: string, caution: string): string => `${names}: ${caution}`,
    ofDataset: (dataset: string): string => `${dataset}: `,
    refused: (reasons: string): string => `nothing can be recommended: ${reasons}.`,
    closedBook: (dataset: string, rank: number): string => `${dataset}, closed book: rank ${rank}.`,
    originalText: 'the original text',
    text: (advice: Advice, text: string): string => `${ADVICE[advice]} ${text}.`,
    withAdapter: (advice: Advice, text: string, rank: number): string =>
      `${ADVICE[advice]} ${text} with an adapter of rank ${rank}.`,
    adapterLower: (advice: Advice, text: string, rank: number): string =>
      `${ADVICE[advice]} ${text}; an adapter of rank ${rank} scores lower than the base model.`,
    adapterNoDifference: (advice: Advice, text: string, rank: number): string =>
      `${ADVICE[advice]} ${text}; an adapter of rank ${rank} makes no detectable difference to the base model.`,
  },
  zh: {
    chance: ({ compared, families, byChance }) =>
      zh`共比较${compared}项差异${families > 1 ? zh`，分属${families}组数据集与答题方式` : ''}。即使没有任何真实差异，若每项单独取 95% 区间，偶然也会出现约${byChance}。采用联合区间时，二十项研究中至多一项会出现任何一处误报。`,
    nothingScored: '还没有任何训练过的运行得到评分，无法给出建议。',
    ofDatasets: (names, caution) => `${names}：${caution}`,
    ofDataset: (dataset) => `${dataset}：`,
    refused: (reasons) => `无法给出建议：${reasons}。`,
    closedBook: (dataset, rank) => zh`${dataset}，闭卷：秩${rank}。`,
    originalText: '原文',
    text: (advice, text) => zh`${CHINESE_ADVICE[advice]}${text}。`,
    withAdapter: (advice, text, rank) => zh`${CHINESE_ADVICE[advice]}${text}，配合秩${rank}的适配器。`,
    adapterLower: (advice, text, rank) => zh`${CHINESE_ADVICE[advice]}${text}。秩${rank}的适配器得分低于基座模型。`,
    adapterNoDifference: (advice, text, rank) =>
      zh`${CHINESE_ADVICE[advice]}${text}。秩${rank}的适配器与基座模型没有显著差异。`,
  },
});

const CHINESE_ADVICE: Readonly<Record<Advice, string>> = {
  use: '建议使用',
  keep: '保留',
  open: '尚无定论，先保留',
};

export const cautionWords = catalogue({
  en: {
    failedRuns: (said: { readonly failed: string; readonly all: number; readonly isOne: boolean }): string =>
      `${said.failed} of ${said.all} failed and ${said.isOne ? 'is' : 'are'} missing here; the table of runs says why.`,
    fewItems: (items: string, isTooFew: boolean): string =>
      `The verdict rests on ${items}, ${isTooFew ? 'too few for any comparison' : 'small differences stay hidden'}.`,
    noRank:
      'No rank is known: the answers are taken for those of models that were not trained for them, which no seed moves.',
    oneSeed: (share: string): string =>
      `Every configuration was trained once, so the noise between seeds was not measured; intervals assume ${share} of the spread of single answers.`,
    truncation: (levels: string, share: string): string =>
      `Contexts were shortened to fit the context length at ${levels} (up to ${share} of the answers): those scores tell of the cut too, not of the level alone.`,
    unscored: (said: {
      readonly missing: string;
      readonly all: string;
      readonly share: string;
      readonly most: string;
    }): string =>
      `${said.missing} of ${said.all} (${said.share}) could not be judged and count in no mean${said.most}.`,
    mostIn: (place: string, share: string): string => `; most in ${place}: ${share}`,
    reason: (answers: string, reason: string): string => `The most frequent reason (${answers}): ${reason}.`,
    confounded:
      'Ranks were trained at different LoRA scales (alpha / rank), so a difference between ranks may be one of scale.',
    abstention:
      'Abstention questions are kept apart from every mean, because a text that says less earns more of them.',
    lossRose: (risen: number, trainings: string): string =>
      `The loss rose in ${risen} of ${trainings}: those adapters learnt nothing that helps; a lower learning rate may.`,
    unscoredLine: (judge: string, answers: string, reason: string): string =>
      `${judge}: ${answers} unscored: ${reason}`,
    moreUnscored: (answers: string, reasons: string): string => `${answers} more unscored for ${reasons}`,
  },
  zh: {
    failedRuns: ({ failed, all }) => zh`共${all}次运行，其中${failed}失败，没有计入这里。原因见运行列表。`,
    fewItems: (items, isTooFew) =>
      isTooFew ? zh`结论只依据${items}，太少，无法比较。` : zh`结论只依据${items}，看不出较小的差异。`,
    noRank: '没有任何秩的信息。这些回答被视为未经训练的模型所作，不受种子影响。',
    oneSeed: (share) => zh`每个配置只训练了一次，因此没有测量种子之间的波动。区间假定它为单条回答离散程度的${share}。`,
    truncation: (levels, share) =>
      zh`在${levels}上，上下文因超过长度上限而被截短（最多涉及${share}的回答）。这些得分也受截短影响，不只反映级别。`,
    unscored: ({ missing, all, share, most }) =>
      zh`共${all}条回答，其中${missing}（${share}）无法评分，不计入任何均值${most}。`,
    mostIn: (place, share) => zh`，最多的是${place}：${share}`,
    reason: (answers, reason) => zh`最常见的原因（${answers}）：${reason}。`,
    confounded: '各个秩的 LoRA 缩放系数（alpha / rank）不同，秩之间的差异可能来自缩放系数。',
    abstention: '拒答题不计入任何均值，因为文本说得越少，拒答题得分越高。',
    lossRose: (risen, trainings) =>
      zh`共${trainings}，其中${risen}次的损失函数值上升。这些适配器没有学到有用的东西，降低学习率也许有帮助。`,
    unscoredLine: (judge, answers, reason) => zh`${judge}：${answers}未评分：${reason}`,
    moreUnscored: (answers, reasons) => zh`另有${answers}因${reasons}未评分`,
  },
});

export const refusalWords = catalogue({
  en: {
    constantJudge: (judge: string, answers: string, score: string | number): string =>
      `the judge ${judge} gave all ${answers} the score ${score}, whatever they say`,
    constantJudgeAdvice: 'Read its reasons beside the answers, and judge again by another judge or another model.',
    allWrong: (answers: string): string => `no answer of a trained model is right (0 of ${answers})`,
    allWrongAdvice: (longer: string, rate: string): string =>
      `Read some answers: where they are right after all, choose another judge; where they are not, ${longer} or raise the learning rate${rate}.`,
    mostFewSteps: (steps: string): string => `most adapters were trained for a few steps only (${steps})`,
    fewSteps: (steps: string): string => `the adapter was trained for ${steps} only`,
    fewStepsAdvice: (enough: number, longer: string): string => `Train for ${enough} steps or so: ${longer}.`,
    lossRose: (first: string, last: string): string => `the loss rose while it was trained (${first} to ${last})`,
    lossRoseAdvice: (rate: string): string => `Lower the learning rate${rate}.`,
    theirLimit: 'their limit',
    limitOf: (tokens: string): string => `the limit of ${tokens}`,
    cutAnswers: (share: string, limit: string): string => `${share} of the answers ran to ${limit}`,
    cutAnswersAdvice: (longer: string): string =>
      `Raise the answer limit (evaluate.maxNewTokens), or ${longer}, so that answers end by themselves.`,
    oddForm: (share: string): string =>
      `${share} of the answers are empty or many times as long as the references: the form of an answer was not learnt`,
    oddFormAdvice: (longer: string, rate: string): string =>
      `To learn it, ${longer}, or raise the learning rate${rate}.`,
    trainLonger: 'train for more epochs or with smaller batches',
    raiseMaxSteps: (from: number, to: number): string => `raise maxSteps from ${from} to ${to}`,
    raiseEpochs: (from: number, to: number): string => `raise epochs from ${from} to ${to}`,
    lowerBatch: (from: number, to: number): string => `, or lower batchTokens from ${from} to ${to}`,
    rateWas: (rate: number): string => ` (it was ${rate})`,
  },
  zh: {
    constantJudge: (judge, answers, score) => zh`评审 ${judge} 给全部${answers}都打了${score}分，与内容无关`,
    constantJudgeAdvice: '请对照回答阅读评审给出的理由，再用另一个评审或模型重新评分。',
    allWrong: (answers) => zh`训练过的模型没有一条回答正确（${answers}条中 0 条）`,
    allWrongAdvice: (longer, rate) =>
      zh`请读几条回答。如果其实是对的，请换一个评审。如果确实不对，请${longer}，或提高学习率${rate}。`,
    mostFewSteps: (steps) => zh`多数适配器只训练了很少几步（${steps}）`,
    fewSteps: (steps) => zh`该适配器只训练了${steps}`,
    fewStepsAdvice: (enough, longer) => zh`请训练约${enough}步：${longer}。`,
    lossRose: (first, last) => zh`训练时损失函数值上升（从${first}到${last}）`,
    lossRoseAdvice: (rate) => zh`请降低学习率${rate}。`,
    theirLimit: '长度上限',
    limitOf: (tokens) => zh`${tokens}的上限`,
    cutAnswers: (share, limit) => zh`${share}的回答达到了${limit}`,
    cutAnswersAdvice: (longer) => zh`请提高回答的长度上限（evaluate.maxNewTokens），或${longer}，让回答自行结束。`,
    oddForm: (share) => zh`${share}的回答为空，或比参考答案长许多倍：模型没有学会回答的形式`,
    oddFormAdvice: (longer, rate) => zh`要学会它，请${longer}，或提高学习率${rate}。`,
    trainLonger: '增加训练轮数或减小批次',
    raiseMaxSteps: (from, to) => zh`把 maxSteps 从${from}提高到${to}`,
    raiseEpochs: (from, to) => zh`把 epochs 从${from}提高到${to}`,
    lowerBatch: (from, to) => zh`，或把 batchTokens 从${from}降到${to}`,
    rateWas: (rate) => zh`（原为${rate}）`,
  },
});
